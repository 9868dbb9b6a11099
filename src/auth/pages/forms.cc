#include "auth/pages/forms.h"

#include <fmt/format.h>

#include "auth/cookies.h"
#include "auth/passwords/password.h"
#include "core/crypto.h"
#include "core/text.h"
#include "html/format.h"

namespace auth {
namespace {

constexpr const char* kSentCookie = "tenon-sent";
constexpr const char* kDeviceCookie = "tenon-device";
constexpr int kDeviceAge = 34560000;  // 400 days, the longest that browsers keep

std::string secure_mark(const Config& config, const http::Request& rq) {
  return rq.https || config.secure() ? "; Secure" : "";
}

// Empty when waiting is not what it takes.
std::string retry_after(const core::Problem& problem) {
  for (const auto& [name, value] : problem.headers)
    if (name == "Retry-After") return value;
  return problem.status == 429 ? "60" : "";
}

std::string key_of(const core::Problem& problem) {
  if (problem.code == "weak_password") {
    const auto* weak = dynamic_cast<const WeakPassword*>(&problem);
    const bool common = weak != nullptr && !weak->reasons.empty() && weak->reasons.front() == "pwned";
    return common ? "auth.error.password_common" : "auth.error.password_short";
  }
  if (problem.code == "mfa_factor_name_conflict") return "auth.error.factor_name";
  if (problem.code == "validation_failed")
    return std::string_view(problem.what()).starts_with("Password") ? "auth.error.password_long" : "auth.error.email";
  for (const std::string_view known : {"invalid_credentials",
                                       "email_not_confirmed",
                                       "user_banned",
                                       "over_request_rate_limit",
                                       "over_email_send_rate_limit",
                                       "signup_disabled",
                                       "user_already_exists",
                                       "otp_expired",
                                       "mfa_verification_failed",
                                       "mfa_challenge_expired",
                                       "current_password_invalid",
                                       "same_password",
                                       "email_exists",
                                       "insufficient_aal",
                                       "too_many_enrolled_mfa_factors",
                                       "reauthentication_needed",
                                       "bad_code_verifier",
                                       "flow_state_not_found",
                                       "flow_state_expired",
                                       "bad_oauth_state",
                                       "bad_oauth_callback",
                                       "provider_email_needs_verification"})
    if (problem.code == known) return "auth.error." + problem.code;
  return "auth.error.other";
}

}  // namespace

std::string sentence_of(const http::Request& rq, const core::Problem& problem) {
  const std::string locale = html::locale_of(rq);
  const std::string key = key_of(problem);
  const auto seconds = core::parse_int(retry_after(problem));
  return html::text(locale, key, {{"wait", html::wait(seconds.value_or(0), locale)}});
}

Refusal tell(const http::Request& rq, const core::Problem& problem, html::Data& data) {
  const std::string key = key_of(problem);
  const std::string sentence = sentence_of(rq, problem);
  if (key.starts_with("auth.error.password_") || key == "auth.error.same_password")
    data.set("password_error", sentence);
  else if (key == "auth.error.email" || key == "auth.error.email_exists") data.set("address_error", sentence);
  else if (key == "auth.error.current_password_invalid") data.set("current_error", sentence);
  else if (key == "auth.error.mfa_verification_failed") data.set("code_error", sentence);
  else data.set("said", sentence);
  return {problem.status, retry_after(problem)};
}

http::Response refused_page(const http::Request& rq, std::string_view view, html::Data data, const Refusal& refusal) {
  http::Response response = html::page(rq, view, std::move(data), refusal.status);
  if (!refusal.retry_after.empty()) response.headers.set("Retry-After", refusal.retry_after);
  return response;
}

void show_providers(const Auth& auth, html::Data& data) {
  html::Rows rows;
  for (const oauth::Provider& provider : auth.config.providers) {
    html::Data row;
    row.set("name", provider.name).set("label", provider.label);
    rows.push_back(std::move(row));
  }
  data.set("has_providers", !rows.empty()).set("providers", std::move(rows));
}

http::Response login_form(const Auth& auth, const http::Request& rq, html::Data data, std::string_view address,
                          const Refusal& refusal) {
  data.set("title", "auth.login.title").set("narrow", true);
  const std::string next = next_of(rq);
  data.set("address", std::string(address)).set("next", next).set("next_query", core::percent_encode(next, "/"));
  show_providers(auth, data);
  return refused_page(rq, "auth/login", std::move(data), refusal);
}

Origin visitor_origin(const http::Request& rq) {
  Origin from = origin_of(rq);
  if (from.device.empty()) from.device = core::base64url(core::random_bytes(24));
  return from;
}

http::Response enter(Auth& auth, http::Request& rq, const Session& session, const Origin& from, std::string_view next) {
  // Replaces what the guard may have set for the session before.
  rq.set_cookies = session_cookies(auth, rq, session.json);
  if (!from.device.empty())
    rq.set_cookies.push_back(fmt::format("{}={}; Path=/; Max-Age={}; SameSite=Lax; HttpOnly{}", kDeviceCookie,
                                         from.device, kDeviceAge, secure_mark(auth.config, rq)));
  return http::redirect(safe_next(next));
}

std::string sent_cookie(const Config& config, const http::Request& rq, std::string_view address) {
  return fmt::format("{}={}; Path=/; Max-Age=900; SameSite=Lax; HttpOnly{}", kSentCookie, core::base64url(address),
                     secure_mark(config, rq));
}

std::string sent_address(const http::Request& rq) {
  const auto value = rq.cookie(kSentCookie);
  if (!value || value->size() > 400) return {};
  const auto address = core::unbase64url(*value);
  return address && core::valid_utf8(*address) ? *address : std::string();
}

std::string next_of(const http::Request& rq) {
  const std::string_view next = rq.method == http::Method::post ? rq.form("next") : rq.query("next").value_or("");
  return safe_next(next, "");
}

std::string next_query(std::string_view next) {
  return next.empty() ? std::string() : "?next=" + core::percent_encode(next, "/");
}

}  // namespace auth
