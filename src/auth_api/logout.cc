#include "access/client_info.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/accounts.h"

namespace auth_api {

// POST /auth/v1/logout?scope=global|local|others
Task<Response> logout(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  const std::string_view scope = rq.query("scope").value_or("global");
  identity::SignOutScope which = identity::SignOutScope::global;
  if (scope == "local") which = identity::SignOutScope::local;
  else if (scope == "others") which = identity::SignOutScope::others;
  else if (scope != "global" && !scope.empty()) throw HttpError(400, "validation_failed", "Unsupported logout scope");
  co_await identity::sign_out(api.identity, who.user, who.session, which, access_control::client_info_of(rq));
  co_return http::empty();
}

}  // namespace auth_api
