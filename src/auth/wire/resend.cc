#include "auth/accounts/accounts.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

// POST /auth/v1/resend
Task<Response> resend(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string type = text_of(body, "type");
  if (type == "sms" || type == "phone_change")
    throw core::Problem(400, "phone_provider_disabled", "Phone logins are disabled");
  if (type != "signup" && type != "email_change")
    throw core::Problem(400, "validation_failed",
                        "Missing one of these types: signup, email_change, sms, phone_change");
  Landing landing = landing_of(auth, rq, body);
  const std::string email = text_of(body, "email");
  if (type == "signup") co_await resend_confirmation(auth, email, std::move(landing), origin_of(rq));
  else co_await resend_email_change(auth, email, std::move(landing), origin_of(rq));
  co_return http::json("{}");
}

}  // namespace auth
