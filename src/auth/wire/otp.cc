#include "auth/accounts/accounts.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {
namespace {

Task<Response> by_mail(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  OtpAsk ask;
  ask.email = text_of(body, "email");
  if (!text_of(body, "phone").empty()) {
    if (!ask.email.empty())
      throw core::Problem(400, "validation_failed", "Only an email address or phone number should be provided");
    throw core::Problem(400, "phone_provider_disabled", "Phone logins are disabled");
  }
  if (ask.email.empty()) throw core::Problem(400, "validation_failed", "One of email or phone must be set");
  ask.may_create = body["create_user"].boolean().value_or(true);
  ask.metadata = object_of(body, "data");
  ask.landing = landing_of(auth, rq, body);
  ask.from = origin_of(rq);
  co_await request_otp(auth, std::move(ask));
  co_return http::json("{}");
}

}  // namespace

// POST /auth/v1/otp
Task<Response> otp(Auth& auth, Request& rq) { return by_mail(auth, rq); }

// POST /auth/v1/magiclink: the older name.
Task<Response> magiclink(Auth& auth, Request& rq) { return by_mail(auth, rq); }

}  // namespace auth
