#include "auth/accounts/accounts.h"
#include "auth/redirect.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

// POST /auth/v1/resend
Task<Response> resend(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string type = text_of(body, "type");
  if (type != "signup" && type != "email_change")
    throw core::Problem(400, "validation_failed",
                        "Missing one of these types: signup, email_change, sms, phone_change");
  Landing landing;
  if (names_other_place(auth.config, rq)) landing.redirect_to = redirect_target(auth.config, rq);
  if (type == "signup") co_await resend_confirmation(auth, text_of(body, "email"), std::move(landing), origin_of(rq));
  co_return http::json("{}");
}

}  // namespace auth
