#include "access/client_info.h"
#include "access/redirect_allowlist.h"
#include "auth_api/admin/user_fields.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/admin.h"
#include "identity/auth_email.h"

namespace auth_api {
namespace {

// The user's members and the link's in one object.
std::string flattened(const AuthApi& api, const identity::GeneratedLink& link, const std::string& redirect_to) {
  identity::EmailLinkTarget target;
  target.redirect_to = redirect_to;
  const std::string type = link.type.starts_with("email_change") ? "email_change" : link.type;
  core::JsonWriter out;
  out.begin().field("action_link", identity::email_link(api.identity.config, type, link.token.token, target));
  out.field("email_otp", link.token.code).field("hashed_token", link.token.token);
  out.field("verification_type", link.type).field("redirect_to", redirect_to);
  const core::Json user = core::Json::parse(identity::user_json(link.user)).value_or(core::Json());
  for (const auto& [name, value] : user.members()) out.key(name).raw(value.dump());
  out.end();
  return out.take();
}

}  // namespace

// POST /auth/v1/admin/generate_link: what an email would carry, for the administrator to deliver.
Task<Response> admin_generate_link(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const core::Json body = object_body(rq);
  identity::LinkRequest request;
  request.type = text_of(body, "type");
  request.metadata = object_of(body, "data");
  request.from = access_control::client_info_of(rq);
  if (!identity::is_link_type(request.type))
    throw HttpError(400, "validation_failed",
                    "Invalid email action link type requested: " + request.type.substr(0, 40));
  request.email = identity::canonical_email(text_of(body, "email"));
  if (request.type.starts_with("email_change")) {
    request.new_email = identity::canonical_email(text_of(body, "new_email"));
  } else if (request.type == "signup") {
    if (text_of(body, "password").empty())
      throw HttpError(400, "validation_failed", "Signup requires a valid password");
    request.password_hash = co_await admin::password_hash_of(api, body);
  }
  const std::string asked = text_of(body, "redirect_to");
  request.redirect_to = asked.empty() ? access_control::redirect_target(api.access, rq)
                                      : access_control::redirect_target(api.access, asked);
  const std::string redirect_to = request.redirect_to;
  const identity::GeneratedLink link = co_await identity::generate_link(api.identity, std::move(request));
  co_return http::json(flattened(api, link, redirect_to));
}

}  // namespace auth_api
