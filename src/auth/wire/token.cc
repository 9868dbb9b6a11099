// POST /auth/v1/token?grant_type=…
#include "auth/accounts/accounts.h"
#include "auth/limits/limits.h"
#include "auth/oauth/oauth.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {
namespace {

Task<Response> by_password(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string email = text_of(body, "email");
  const std::string password = text_of(body, "password");
  if (email.empty() && !text_of(body, "phone").empty())
    throw core::Problem(400, "phone_provider_disabled", "Phone logins are disabled");
  if (email.empty()) throw core::Problem(400, "validation_failed", "missing email or phone");
  const Session session = co_await sign_in(auth, email, password, origin_of(rq));
  co_return session_answer(session);
}

Task<Response> by_refresh_token(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string refresh_token = text_of(body, "refresh_token");
  co_await require_rate(auth, kRefreshRate, rq.client_ip);
  const Refreshed done = co_await refresh(auth, refresh_token, origin_of(rq));
  if (const auto* fault = std::get_if<RefreshFault>(&done)) throw_refused(*fault);
  co_return session_answer(std::get<Session>(done));
}

Task<Response> by_code(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string code = text_of(body, "auth_code");
  const std::string verifier = text_of(body, "code_verifier");
  if (code.empty() || verifier.empty())
    throw core::Problem(400, "validation_failed",
                        "invalid request: both auth code and code verifier should be non-empty");
  co_await require_rate(auth, kSignInRate, rq.client_ip);
  const Session session = co_await exchange_code(auth, code, verifier, origin_of(rq));
  co_return session_answer(session);
}

}  // namespace

Task<Response> token(Auth& auth, Request& rq) {
  const std::string_view grant = rq.query("grant_type").value_or("");
  if (grant == "password") co_return co_await by_password(auth, rq);
  if (grant == "refresh_token") co_return co_await by_refresh_token(auth, rq);
  if (grant == "pkce") co_return co_await by_code(auth, rq);
  if (grant == "id_token") co_return co_await oauth::id_token_grant(auth, rq);
  throw core::Problem(400, "invalid_credentials", "unsupported_grant_type");
}

}  // namespace auth
