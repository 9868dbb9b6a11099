// GET /login/with/{provider} and GET /login/callback: sign-in through a provider, as a PKCE client of the API does it.
// The verifier is kept in a cookie, so only the browser that began the flow can complete it.
#include <fmt/format.h>

#include "access/redirect_allowlist.h"
#include "account/forms.h"
#include "account/pages.h"
#include "core/crypto.h"
#include "core/text.h"
#include "identity/accounts.h"
#include "identity/rate_limits.h"
#include "oauth/oauth.h"

namespace account {
namespace {

constexpr std::string_view kCookie = "tenon-flow";
constexpr std::size_t kVerifier = 43;

std::string cookie_name(const access_control::Config& config, const Request& rq) {
  return (rq.https || config.secure() ? "__Host-" : "") + std::string(kCookie);
}

std::string flow_cookie(const access_control::Config& config, const Request& rq, std::string_view value, int max_age) {
  return fmt::format("{}={}; Path=/; Max-Age={}; SameSite=Lax; HttpOnly{}", cookie_name(config, rq), value, max_age,
                     rq.https || config.secure() ? "; Secure" : "");
}

// "<verifier>.<next>". An existing verifier is reused, so that two open tabs do not break each other's flow.
struct Kept {
  std::string verifier;
  std::string next;
};
Kept kept_by(const access_control::Config& config, const Request& rq) {
  const std::string value = rq.cookie(cookie_name(config, rq)).value_or("");
  if (value.size() < kVerifier + 1 || value.size() > 3000 || value[kVerifier] != '.') return {};
  const auto next = core::unbase64url(std::string_view(value).substr(kVerifier + 1));
  return {value.substr(0, kVerifier), next && core::valid_utf8(*next) ? *next : std::string()};
}

// The problem that /auth/v1/callback reported in the address. Only codes that people can do something about have a
// sentence of their own.
core::Problem returned_problem(std::string_view code) {
  for (const std::string_view name :
       {"oauth.bad_oauth_state", "oauth.provider_email_needs_verification", "identity.signup_disabled",
        "identity.user_banned", "identity.over_request_rate_limit"})
    if (name.substr(name.find('.') + 1) == code) return {400, name};
  if (code.empty() || code == "bad_oauth_callback") return {400, "oauth.bad_oauth_callback"};
  return {400, "oauth.unexpected_failure"};
}

}  // namespace

Task<Response> login_provider_page(Account& account, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(access_control::safe_next(rq.query("next").value_or("")));
  const oauth::Provider* provider = oauth::find(account.oauth.config.providers, rq.param("provider"));
  if (provider == nullptr) http::throw_not_found();
  html::Data data;
  FormOutcome outcome;
  try {
    co_await identity::enforce_rate_limit(account.identity, identity::kOauthRate, rq.client_ip);
    Kept kept = kept_by(account.access, rq);
    if (kept.verifier.empty()) kept.verifier = core::base64url(core::random_bytes(32));
    oauth::FlowState flow;
    flow.redirect_to = account.identity.config.site_url + "/login/callback";
    flow.method = "s256";
    flow.challenge = oauth::s256(kept.verifier);
    const std::string url = co_await oauth::begin_sign_in(account.oauth, *provider, std::move(flow), {}, {});
    const std::string value = kept.verifier + "." + core::base64url(next_of(rq));
    co_return http::redirect(url).cookie(flow_cookie(account.access, rq, value, 900));
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
  }
  co_return login_form(account, rq, std::move(data), sent_address(rq), outcome);
}

Task<Response> login_callback_page(Account& account, Request& rq) {
  const Kept kept = kept_by(account.access, rq);
  const std::string code(rq.query("code").value_or(""));
  const std::string fault(rq.query("error_code").value_or(""));
  html::Data data;
  FormOutcome outcome{400, {}};
  if (!fault.empty() || code.empty()) {
    outcome = show_problem(rq, returned_problem(fault), data);
  } else if (kept.verifier.empty()) {
    data.set("said", html::text(html::locale_of(rq), "identity.problem.bad_code_verifier"));
  } else {
    try {
      co_await identity::enforce_rate_limit(account.identity, identity::kSignInRate, rq.client_ip);
      const identity::ClientInfo from = client_info_with_device(rq);
      const identity::Session session = co_await identity::exchange_code(account.identity, code, kept.verifier, from);
      Response response = finish_sign_in(account, rq, session, from, kept.next);
      co_return std::move(response).cookie(flow_cookie(account.access, rq, "", 0));
    } catch (const core::Problem& problem) {
      outcome = show_problem(rq, problem, data);
    }
  }
  co_return login_form(account, rq, std::move(data), sent_address(rq), outcome);
}

}  // namespace account
