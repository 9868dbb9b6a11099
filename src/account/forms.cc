#include "account/forms.h"

#include <fmt/format.h>

#include "access/client_info.h"
#include "access/redirect_allowlist.h"
#include "access/session_cookie.h"
#include "core/crypto.h"
#include "core/text.h"
#include "html/format.h"
#include "identity/passwords.h"

namespace account {
namespace {

constexpr const char* kSentCookie = "tenon-sent";
constexpr int kDeviceAge = 34560000;  // 400 days, the longest that browsers keep

std::string secure_mark(const access_control::Config& config, const http::Request& rq) {
  return rq.https || config.secure() ? "; Secure" : "";
}

// Empty when waiting does not help.
std::string retry_after(const core::Problem& problem) {
  for (const auto& [name, value] : problem.headers)
    if (name == "Retry-After") return value;
  return problem.status == 429 ? "60" : "";
}

std::string key_of(const core::Problem& problem) {
  if (problem.code == "weak_password") {
    const auto* weak = dynamic_cast<const identity::WeakPassword*>(&problem);
    const bool common = weak != nullptr && !weak->reasons.empty() && weak->reasons.front() == "pwned";
    return common ? "account.error.password_common" : "account.error.password_short";
  }
  if (problem.code == "mfa_factor_name_conflict") return "account.error.factor_name";
  if (problem.code == "validation_failed")
    return std::string_view(problem.what()).starts_with("Password") ? "account.error.password_long"
                                                                    : "account.error.email";
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
    if (problem.code == known) return "account.error." + problem.code;
  return "account.error.other";
}

}  // namespace

std::string problem_message(const http::Request& rq, const core::Problem& problem) {
  const std::string locale = html::locale_of(rq);
  const std::string key = key_of(problem);
  const auto seconds = core::parse_int(retry_after(problem));
  return html::text(locale, key, {{"wait", html::wait(seconds.value_or(0), locale)}});
}

FormOutcome show_problem(const http::Request& rq, const core::Problem& problem, html::Data& data) {
  const std::string key = key_of(problem);
  const std::string sentence = problem_message(rq, problem);
  if (key.starts_with("account.error.password_") || key == "account.error.same_password")
    data.set("password_error", sentence);
  else if (key == "account.error.email" || key == "account.error.email_exists") data.set("address_error", sentence);
  else if (key == "account.error.current_password_invalid") data.set("current_error", sentence);
  else if (key == "account.error.mfa_verification_failed") data.set("code_error", sentence);
  else data.set("said", sentence);
  return {problem.status, retry_after(problem)};
}

http::Response form_page(const http::Request& rq, std::string_view view, html::Data data, const FormOutcome& outcome) {
  http::Response response = html::page(rq, view, std::move(data), outcome.status);
  if (!outcome.retry_after.empty()) response.headers.set("Retry-After", outcome.retry_after);
  return response;
}

void show_providers(const Account& account, html::Data& data) {
  html::Rows rows;
  for (const oauth::Provider& provider : account.oauth.config.providers) {
    html::Data row;
    row.set("name", provider.name).set("label", provider.label);
    rows.push_back(std::move(row));
  }
  data.set("has_providers", !rows.empty()).set("providers", std::move(rows));
}

http::Response login_form(const Account& account, const http::Request& rq, html::Data data, std::string_view address,
                          const FormOutcome& outcome) {
  data.set("title", "account.login.title").set("narrow", true);
  const std::string next = next_of(rq);
  data.set("address", std::string(address)).set("next", next).set("next_query", core::percent_encode(next, "/"));
  show_providers(account, data);
  return form_page(rq, "account/login", std::move(data), outcome);
}

identity::ClientInfo client_info_with_device(const http::Request& rq) {
  identity::ClientInfo from = access_control::client_info_of(rq);
  if (from.device.empty()) from.device = core::base64url(core::random_bytes(24));
  return from;
}

http::Response finish_sign_in(Account& account, http::Request& rq, const identity::Session& session,
                              const identity::ClientInfo& from, std::string_view next) {
  // Replaces cookies that the guard may have set for the previous session.
  rq.set_cookies = access_control::session_cookies(account.access, rq, session.json);
  if (!from.device.empty())
    rq.set_cookies.push_back(fmt::format("{}={}; Path=/; Max-Age={}; SameSite=Lax; HttpOnly{}",
                                         access_control::kDeviceCookie, from.device, kDeviceAge,
                                         secure_mark(account.access, rq)));
  return http::redirect(access_control::safe_next(next));
}

std::string sent_address_cookie(const access_control::Config& config, const http::Request& rq,
                                std::string_view address) {
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
  return access_control::safe_next(next, "");
}

std::string next_query(std::string_view next) {
  return next.empty() ? std::string() : "?next=" + core::percent_encode(next, "/");
}

}  // namespace account
