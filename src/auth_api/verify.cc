#include "access/client_info.h"
#include "access/redirect_allowlist.h"
#include "auth_api/callback_redirect.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "core/text.h"

namespace auth_api {
namespace {

constexpr std::string_view kOneOfTwo =
    "Confirmation link accepted. Please proceed to confirm link sent to the other email";

std::string awaiting_other_address(const std::string& target, bool pkce) {
  Pairs message{{"message", std::string(kOneOfTwo)}};
  if (pkce) return with_query(target, message);
  message.emplace_back("sb", "");
  return with_fragment(target, message);
}

Task<std::string> follow_link(AuthApi& api, identity::EmailProof proof, std::string target, identity::ClientInfo from) {
  const std::string type = proof.type;
  if (proof.token.starts_with("pkce_")) {
    const std::string code = co_await identity::verify_email_for_code(api.identity, std::move(proof), std::move(from));
    co_return code.empty() ? awaiting_other_address(target, true) : with_query(target, {{"code", code}});
  }
  const identity::EmailVerification done =
      co_await identity::verify_email(api.identity, std::move(proof), std::move(from));
  if (const auto* session = std::get_if<identity::Session>(&done))
    co_return with_session(target, *session, {{"type", type}});
  co_return awaiting_other_address(target, false);
}

}  // namespace

// POST /auth/v1/verify
Task<Response> verify(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  identity::EmailProof proof;
  proof.type = text_of(body, "type");
  proof.token = text_of(body, "token_hash");
  proof.email = core::lower(core::trim(text_of(body, "email")));
  proof.code = text_of(body, "token");
  const std::string phone = text_of(body, "phone");
  if (proof.type.empty()) throw HttpError(400, "validation_failed", "Verify requires a verification type");
  if (!proof.token.empty() && (!proof.email.empty() || !phone.empty() || !text_of(body, "redirect_to").empty()))
    throw HttpError(400, "validation_failed", "Only the token_hash and type should be provided");
  if (proof.type == "sms" || proof.type == "phone_change")
    throw HttpError(403, "otp_expired", "Token has expired or is invalid");  // SMS codes are never sent
  const identity::EmailVerification done =
      co_await identity::verify_email(api.identity, std::move(proof), access_control::client_info_of(rq));
  if (const auto* session = std::get_if<identity::Session>(&done)) co_return session_response(*session);
  core::JsonWriter out;
  out.begin().field("msg", kOneOfTwo).field("code", "200").end();
  co_return http::json(out.take());
}

// GET /auth/v1/verify?token=…&type=…&redirect_to=…: the link in an email.
Task<Response> verify_link(AuthApi& api, Request& rq) {
  const std::string target = access_control::redirect_target(api.access, rq);
  identity::EmailProof proof;
  proof.type = rq.query("type").value_or("");
  proof.token = rq.query("token").value_or("");
  if (proof.token.empty()) throw HttpError(400, "validation_failed", "Verify requires a token or a token hash");
  if (proof.type.empty()) throw HttpError(400, "validation_failed", "Verify requires a verification type");
  const ErrorIn where = proof.token.starts_with("pkce_") ? ErrorIn::query_and_fragment : ErrorIn::fragment;
  std::string location;
  try {
    location = co_await follow_link(api, std::move(proof), target, access_control::client_info_of(rq));
  } catch (const core::Problem& problem) {
    if (problem.status == 429) throw;
    location = with_error(target, problem, where);
  }
  co_return http::redirect(location);
}

}  // namespace auth_api
