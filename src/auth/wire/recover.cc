#include "auth/accounts/accounts.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

// POST /auth/v1/recover
Task<Response> recover(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  co_await request_recovery(auth, text_of(body, "email"), landing_of(auth, rq, body), origin_of(rq));
  co_return http::json("{}");
}

}  // namespace auth
