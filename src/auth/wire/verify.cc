#include <fmt/format.h>

#include "auth/accounts/accounts.h"
#include "auth/redirect.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"
#include "core/text.h"
#include "html/messages.h"

namespace auth {
namespace {

std::string encoded(std::string_view text) { return core::percent_encode(text); }

std::string with_fragment(const std::string& target, const std::string& fragment) {
  return target.substr(0, target.find('#')) + "#" + fragment;
}
// Keeps the target's own query, fragment aside.
std::string with_query(const std::string& target, const std::string& query) {
  const std::string place = target.substr(0, target.find('#'));
  return place + (place.find('?') == std::string::npos ? '?' : '&') + query;
}

constexpr std::string_view kHalf = "Confirmation link accepted. Please proceed to confirm link sent to the other email";

std::string_view error_name(int status) {
  switch (status) {
    case 400: return "invalid_request";
    case 401: return "unauthorized_client";
    case 403: return "access_denied";
    case 503: return "temporarily_unavailable";
    default: return status >= 500 ? "server_error" : "invalid_request";
  }
}

// In the fragment, where the browser's client reads; for PKCE in the query too, where a server does.
std::string with_error(const std::string& target, const core::Problem& problem, bool pkce) {
  const std::string error = fmt::format("error={}&error_code={}&error_description={}", error_name(problem.status),
                                        problem.code, encoded(html::message("en", problem)));
  return with_fragment(pkce ? with_query(target, error) : target, error + "&sb=");
}

std::string with_session(const std::string& target, const Session& session, std::string_view type) {
  const core::Json json = core::Json::parse(session.json).value_or(core::Json());
  return with_fragment(
      target, fmt::format("access_token={}&expires_at={}&expires_in={}&refresh_token={}&sb=&token_type=bearer&type={}",
                          json["access_token"].string_or(""), json["expires_at"].integer().value_or(0),
                          json["expires_in"].integer().value_or(0), session.refresh_token, encoded(type)));
}

std::string half_proven(const std::string& target, bool pkce) {
  const std::string message = "message=" + encoded(kHalf);
  return pkce ? with_query(target, message) : with_fragment(target, message + "&sb=");
}

Task<std::string> follow_link(Auth& auth, Proof proof, std::string target, Origin from) {
  const bool pkce = proof.token.starts_with("pkce_");
  const std::string type = proof.type;
  if (pkce) {
    const std::string code = co_await redeem_for_code(auth, std::move(proof), std::move(from));
    co_return code.empty() ? half_proven(target, pkce) : with_query(target, "code=" + code);
  }
  const Proven proven = co_await prove(auth, std::move(proof), std::move(from));
  const auto* session = std::get_if<Session>(&proven);
  co_return session == nullptr ? half_proven(target, pkce) : with_session(target, *session, type);
}

}  // namespace

// POST /auth/v1/verify
Task<Response> verify(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  Proof proof;
  proof.type = text_of(body, "type");
  proof.token = text_of(body, "token_hash");
  proof.email = core::lower(core::trim(text_of(body, "email")));
  proof.code = text_of(body, "token");
  const std::string phone = text_of(body, "phone");
  if (proof.type.empty()) throw core::Problem(400, "validation_failed", "Verify requires a verification type");
  if (!proof.token.empty() && (!proof.email.empty() || !phone.empty() || !text_of(body, "redirect_to").empty()))
    throw core::Problem(400, "validation_failed", "Only the token_hash and type should be provided");
  if (proof.type == "sms" || proof.type == "phone_change")
    throw core::Problem(403, "otp_expired", "Token has expired or is invalid");  // no such code was ever sent
  const Proven proven = co_await prove(auth, std::move(proof), origin_of(rq));
  if (const auto* session = std::get_if<Session>(&proven)) co_return session_answer(*session);
  core::JsonWriter out;
  out.begin().field("msg", kHalf).field("code", "200").end();
  co_return http::json(out.take());
}

// GET /auth/v1/verify?token=…&type=…&redirect_to=…: the link of a mail.
Task<Response> verify_link(Auth& auth, Request& rq) {
  const std::string target = redirect_target(auth.config, rq);
  Proof proof;
  proof.type = rq.query("type").value_or("");
  proof.token = rq.query("token").value_or("");
  if (proof.token.empty()) throw core::Problem(400, "validation_failed", "Verify requires a token or a token hash");
  if (proof.type.empty()) throw core::Problem(400, "validation_failed", "Verify requires a verification type");
  const bool pkce = proof.token.starts_with("pkce_");
  std::string place;
  try {
    place = co_await follow_link(auth, std::move(proof), target, origin_of(rq));
  } catch (const core::Problem& problem) {
    if (problem.status == 429) throw;
    place = with_error(target, problem, pkce);
  }
  co_return http::redirect(place);
}

}  // namespace auth
