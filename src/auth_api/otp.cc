#include "access/client_info.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/accounts.h"

namespace auth_api {
namespace {

Task<Response> by_mail(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  identity::OtpRequest ask;
  ask.email = text_of(body, "email");
  if (!text_of(body, "phone").empty()) {
    if (!ask.email.empty())
      throw HttpError(400, "validation_failed", "Only an email address or phone number should be provided");
    throw HttpError(400, "phone_provider_disabled", "Phone logins are disabled");
  }
  if (ask.email.empty()) throw HttpError(400, "validation_failed", "One of email or phone must be set");
  ask.may_create = body["create_user"].boolean().value_or(true);
  ask.metadata = object_of(body, "data");
  ask.link_target = email_link_target(api, rq, body);
  ask.from = access_control::client_info_of(rq);
  co_await identity::request_otp(api.identity, std::move(ask));
  co_return http::json("{}");
}

}  // namespace

// POST /auth/v1/otp
Task<Response> otp(AuthApi& api, Request& rq) { return by_mail(api, rq); }

// POST /auth/v1/magiclink: the older name.
Task<Response> magiclink(AuthApi& api, Request& rq) { return by_mail(api, rq); }

}  // namespace auth_api
