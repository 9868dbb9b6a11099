#include "auth/accounts/accounts.h"
#include "auth/redirect.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

// POST /auth/v1/recover
Task<Response> recover(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  Landing landing;
  if (names_other_place(auth.config, rq)) landing.redirect_to = redirect_target(auth.config, rq);
  co_await request_recovery(auth, text_of(body, "email"), std::move(landing), origin_of(rq));
  co_return http::json("{}");
}

}  // namespace auth
