#include "auth_api/request_body.h"

#include "access/redirect_allowlist.h"
#include "auth_api/error.h"

namespace auth_api {

core::Json object_body(const http::Request& rq) {
  const core::Json body = rq.json();
  if (!body.is_object()) throw HttpError(400, "bad_json", "Could not parse request body as JSON: not an object");
  return body;
}

std::string text_of(const core::Json& body, std::string_view name) {
  const core::Json member = body[name];
  if (member.is_null()) return {};
  if (!member.is_string())
    throw HttpError(400, "bad_json",
                    "Could not parse request body as JSON: " + std::string(name) + " must be a string");
  return member.string_or("");
}

std::string object_of(const core::Json& body, std::string_view name) {
  const core::Json member = body[name];
  if (member.is_null()) return "{}";
  if (!member.is_object())
    throw HttpError(400, "bad_json",
                    "Could not parse request body as JSON: " + std::string(name) + " must be an object");
  return member.dump();
}

identity::EmailLinkTarget email_link_target(const AuthApi& api, const http::Request& rq, const core::Json& body) {
  identity::EmailLinkTarget target;
  if (access_control::has_redirect_target(api.access, rq))
    target.redirect_to = access_control::redirect_target(api.access, rq);
  target.challenge = identity::challenge_of(text_of(body, "code_challenge"), text_of(body, "code_challenge_method"));
  return target;
}

}  // namespace auth_api
