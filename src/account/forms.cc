#include "account/forms.h"

#include <fmt/format.h>

#include "access/client_info.h"
#include "access/redirect_allowlist.h"
#include "access/session_cookie.h"
#include "core/crypto.h"
#include "core/text.h"
#include "html/messages.h"

namespace account {
namespace {

constexpr const char* kSentCookie = "tenon-sent";
constexpr int kDeviceAge = 34560000;  // 400 days, the longest that browsers keep

std::string secure_mark(const access_control::Config& config, const http::Request& rq) {
  return rq.https || config.secure() ? "; Secure" : "";
}

// Empty when waiting does not help.
std::string retry_after(const core::Problem& problem) {
  if (const auto seconds = html::retry_after(problem)) return std::to_string(*seconds);
  return problem.status == 429 ? "60" : "";
}

// The field of a form that the problem is about; "said" for the form as a whole.
const char* field_of(const core::Problem& problem) {
  if (problem.code == "weak_password" || problem.code == "same_password" || problem.text_key.contains(".password_"))
    return "password_error";
  if (problem.code == "email_exists" || problem.text_key.ends_with(".validation_failed.email")) return "address_error";
  if (problem.code == "current_password_invalid") return "current_error";
  return problem.code == "mfa_verification_failed" ? "code_error" : "said";
}

}  // namespace

FormOutcome show_problem(const http::Request& rq, const core::Problem& problem, html::Data& data) {
  data.set(field_of(problem), html::message(html::locale_of(rq), problem));
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
