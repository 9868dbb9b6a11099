#include "auth/use_cases.h"
#include "core/problem.h"

namespace auth {

// POST /auth/v1/token?grant_type=…
Task<Response> token(Auth& auth, Request& rq) {
  const std::string_view grant = rq.query("grant_type").value_or("");
  if (grant == "password") co_return co_await token_password(auth, rq);
  if (grant == "refresh_token") co_return co_await token_refresh(auth, rq);
  throw core::Problem(400, "invalid_credentials", "unsupported_grant_type");
}

}  // namespace auth
