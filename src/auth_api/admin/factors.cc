#include "access/client_info.h"
#include "auth_api/admin/user_fields.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "identity/admin.h"
#include "identity/mfa_factors.h"

namespace auth_api {

using namespace admin;

// GET /auth/v1/admin/users/{id}/factors
Task<Response> admin_list_factors(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const auto found = co_await identity::find_user(api.identity, id_of(rq));
  if (!found) throw HttpError(404, "user_not_found", "User not found");
  co_return http::json(identity::factors_json(*found));
}

// DELETE /auth/v1/admin/users/{id}/factors/{factor_id}
Task<Response> admin_delete_factor(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const auto factor = core::Uuid::parse(rq.param("factor_id"));
  if (!factor) throw HttpError(404, "validation_failed", "factor_id must be an UUID");
  const bool removed =
      co_await identity::remove_factor(api.identity, id_of(rq), *factor, access_control::client_info_of(rq));
  if (!removed) throw HttpError(404, "mfa_factor_not_found", "Factor not found");
  core::JsonWriter out;
  out.begin().field("id", *factor).end();
  co_return http::json(out.take());
}

}  // namespace auth_api
