#include "access/client_info.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/accounts.h"

namespace auth_api {

// GET /auth/v1/user
Task<Response> user(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  const identity::User found = co_await identity::get_user(api.identity, who.user);
  co_return http::json(identity::user_json(found));
}

// PUT /auth/v1/user: address, password and data. Fields that users may not set are refused or ignored.
Task<Response> update_user(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  const core::Json body = object_body(rq);
  if (!body["app_metadata"].is_null())
    throw HttpError(403, "not_admin", "Updating app_metadata requires admin privileges");
  if (!text_of(body, "phone").empty()) throw HttpError(400, "phone_provider_disabled", "Unsupported phone provider");
  identity::UserChanges changes;
  changes.email = text_of(body, "email");
  changes.password = text_of(body, "password");
  changes.current_password = text_of(body, "current_password");
  changes.nonce = text_of(body, "nonce");
  changes.link_target = email_link_target(api, rq, body);
  if (!body["data"].is_null()) changes.metadata = object_of(body, "data");
  const identity::User changed =
      co_await identity::update_user(api.identity, who, std::move(changes), access_control::client_info_of(rq));
  co_return http::json(identity::user_json(changed));
}

// GET /auth/v1/reauthenticate: emails a code that PUT /user accepts as nonce.
Task<Response> reauthenticate(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  co_await identity::request_reauthentication(api.identity, who.user, access_control::client_info_of(rq));
  co_return http::json("{}");
}

// DELETE /auth/v1/user/identities/{identity_id}
Task<Response> unlink_identity(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  if (!api.config.manual_linking) throw HttpError(404, "manual_linking_disabled", "Manual linking is disabled");
  const auto id = core::Uuid::parse(rq.param("identity_id"));
  if (!id) throw HttpError(404, "validation_failed", "identity_id must be an UUID");
  co_await identity::unlink_identity(api.identity, who.user, *id, access_control::client_info_of(rq));
  co_return http::json("{}");
}

}  // namespace auth_api
