#include "auth/limits.h"
#include "auth/use_cases.h"
#include "auth/wire.h"

namespace auth {

// POST /auth/v1/token?grant_type=refresh_token
Task<Response> token_refresh(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string token = text_of(body, "refresh_token");
  co_await require_rate(auth, kRefreshRate, rq.client_ip);
  const Refreshed done = co_await refresh(auth, token, origin_of(rq));
  if (const auto* fault = std::get_if<RefreshFault>(&done)) throw_refused(*fault);
  co_return session_answer(std::get<Session>(done));
}

}  // namespace auth
