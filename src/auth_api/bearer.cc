#include "auth_api/bearer.h"

#include "access/bearer.h"
#include "auth_api/error.h"
#include "identity/api_keys.h"
#include "identity/keyring.h"

namespace auth_api {
namespace {

std::string_view require_token(const http::Request& rq) {
  const std::string_view token = access_control::bearer_of(rq);
  if (token.empty()) throw HttpError(401, "no_authorization", "This endpoint requires a valid Bearer token");
  return token;
}

HttpError bad_token(identity::jwt::Fault fault) {
  return HttpError(403, "bad_jwt",
                   "invalid JWT: unable to parse or verify signature, " + std::string(identity::jwt::sentence(fault)));
}

}  // namespace

Task<identity::Bearer> require_bearer(AuthApi& api, const http::Request& rq) {
  const std::string_view token = require_token(rq);
  const auto claims = api.identity.keyring().verify(token, api.identity.clock.now());
  if (!claims) throw bad_token(claims.error());
  if (claims->subject.empty()) throw HttpError(403, "bad_jwt", "invalid claim: missing sub claim");
  if (!claims->user) throw HttpError(400, "bad_jwt", "invalid claim: sub claim must be a UUID");
  const identity::SessionCheck check = co_await identity::check_session(api.identity, *claims->user, claims->session);
  using identity::SessionStatus;
  switch (check.status) {
    case SessionStatus::live: break;
    case SessionStatus::no_user: throw HttpError(403, "user_not_found", "User from sub claim in JWT does not exist");
    case SessionStatus::no_session:
      throw HttpError(403, "session_not_found", "Session from session_id claim in JWT does not exist");
    case SessionStatus::banned: throw HttpError(403, "user_banned", "User is banned");
  }
  co_return identity::Bearer{*claims->user, claims->session};
}

void require_service(AuthApi& api, const http::Request& rq) {
  const std::string_view token = require_token(rq);
  if (const auto role = identity::role_of_known_key(api.identity, token)) {
    if (*role == "service_role") return;
    throw HttpError(403, "not_admin", "User not allowed");
  }
  const auto claims = api.identity.keyring().verify(token, api.identity.clock.now());
  if (!claims) throw bad_token(claims.error());
  throw HttpError(403, "not_admin", "User not allowed");
}

}  // namespace auth_api
