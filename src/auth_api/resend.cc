#include "access/client_info.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/accounts.h"

namespace auth_api {

// POST /auth/v1/resend
Task<Response> resend(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string type = text_of(body, "type");
  if (type == "sms" || type == "phone_change")
    throw HttpError(400, "phone_provider_disabled", "Phone logins are disabled");
  if (type != "signup" && type != "email_change")
    throw HttpError(400, "validation_failed", "Missing one of these types: signup, email_change, sms, phone_change");
  identity::EmailLinkTarget link_target = email_link_target(api, rq, body);
  const std::string email = text_of(body, "email");
  if (type == "signup")
    co_await identity::resend_confirmation(api.identity, email, std::move(link_target),
                                           access_control::client_info_of(rq));
  else
    co_await identity::resend_email_change(api.identity, email, std::move(link_target),
                                           access_control::client_info_of(rq));
  co_return http::json("{}");
}

}  // namespace auth_api
