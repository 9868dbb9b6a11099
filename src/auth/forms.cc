#include "auth/forms.h"

#include <fmt/format.h>

#include "auth/passwords/password.h"
#include "core/crypto.h"
#include "core/text.h"

namespace auth {
namespace {

constexpr const char* kSentCookie = "tenon-sent";

std::string retry_after(const core::Problem& problem) {
  for (const auto& [name, value] : problem.headers)
    if (name == "Retry-After") return value;
  return "60";
}

std::string key_of(const core::Problem& problem) {
  if (problem.code == "weak_password") {
    const auto* weak = dynamic_cast<const WeakPassword*>(&problem);
    const bool common = weak != nullptr && !weak->reasons.empty() && weak->reasons.front() == "pwned";
    return common ? "auth.error.password_common" : "auth.error.password_short";
  }
  if (problem.code == "validation_failed")
    return std::string_view(problem.what()).starts_with("Password") ? "auth.error.password_long" : "auth.error.email";
  for (const std::string_view known :
       {"invalid_credentials", "email_not_confirmed", "user_banned", "over_request_rate_limit",
        "over_email_send_rate_limit", "signup_disabled", "user_already_exists", "otp_expired"})
    if (problem.code == known) return "auth.error." + problem.code;
  return "auth.error.other";
}

}  // namespace

std::string sentence_of(const http::Request& rq, const core::Problem& problem) {
  return html::text(html::locale_of(rq), key_of(problem), {{"seconds", retry_after(problem)}});
}

void tell(const http::Request& rq, const core::Problem& problem, html::Data& data) {
  const std::string key = key_of(problem);
  const std::string sentence = sentence_of(rq, problem);
  if (key.starts_with("auth.error.password_")) data.set("password_error", sentence);
  else if (key == "auth.error.email") data.set("address_error", sentence);
  else data.set("said", sentence);
}

http::Response enter(Auth& auth, http::Request& rq, const Session& session, std::string_view next) {
  // Replaces what the guard may have set for the session before.
  rq.set_cookies = session_cookies(auth, rq, session.json);
  return http::redirect(safe_next(next));
}

std::string sent_cookie(const Config& config, const http::Request& rq, std::string_view address) {
  return fmt::format("{}={}; Path=/; Max-Age=900; SameSite=Lax; HttpOnly{}", kSentCookie, core::base64url(address),
                     rq.https || config.secure() ? "; Secure" : "");
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

}  // namespace auth
