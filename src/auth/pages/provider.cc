// GET /login/with/{provider} and GET /login/callback: the way by a provider, walked as a PKCE client of the wire walks
// it. The verifier stays in a cookie, so only the browser that began can end it.
#include <fmt/format.h>

#include "auth/accounts/accounts.h"
#include "auth/limits/limits.h"
#include "auth/oauth/oauth.h"
#include "auth/pages/forms.h"
#include "auth/pages/pages.h"
#include "core/crypto.h"
#include "core/text.h"

namespace auth {
namespace {

constexpr std::string_view kCookie = "tenon-flow";
constexpr std::size_t kVerifier = 43;

std::string cookie_name(const Config& config, const Request& rq) {
  return (rq.https || config.secure() ? "__Host-" : "") + std::string(kCookie);
}

std::string flow_cookie(const Config& config, const Request& rq, std::string_view value, int max_age) {
  return fmt::format("{}={}; Path=/; Max-Age={}; SameSite=Lax; HttpOnly{}", cookie_name(config, rq), value, max_age,
                     rq.https || config.secure() ? "; Secure" : "");
}

// "<verifier>.<next>": the verifier is kept while it lives, so that two open tabs do not spoil each other's way.
struct Kept {
  std::string verifier;
  std::string next;
};
Kept kept_by(const Config& config, const Request& rq) {
  const std::string value = rq.cookie(cookie_name(config, rq)).value_or("");
  if (value.size() < kVerifier + 1 || value.size() > 3000 || value[kVerifier] != '.') return {};
  const auto next = core::unbase64url(std::string_view(value).substr(kVerifier + 1));
  return {value.substr(0, kVerifier), next && core::valid_utf8(*next) ? *next : std::string()};
}

}  // namespace

Task<Response> provider_page(Auth& auth, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(safe_next(rq.query("next").value_or("")));
  const oauth::Provider* provider = oauth::find(auth.config.providers, rq.param("provider"));
  if (provider == nullptr) http::throw_not_found();
  html::Data data;
  Refusal refusal;
  try {
    co_await require_rate(auth, kOauthRate, rq.client_ip);
    Kept kept = kept_by(auth.config, rq);
    if (kept.verifier.empty()) kept.verifier = core::base64url(core::random_bytes(32));
    oauth::Flow flow;
    flow.redirect_to = auth.config.site_url + "/login/callback";
    flow.method = "s256";
    flow.challenge = oauth::s256(kept.verifier);
    const std::string url = co_await oauth::begin(auth, *provider, std::move(flow), {}, {});
    const std::string value = kept.verifier + "." + core::base64url(next_of(rq));
    co_return http::redirect(url).cookie(flow_cookie(auth.config, rq, value, 900));
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
    if (problem.status == 503)
      data.set("said", html::text(html::locale_of(rq), "auth.error.provider_silent", {{"provider", provider->label}}));
  }
  co_return login_form(auth, rq, std::move(data), sent_address(rq), refusal);
}

Task<Response> provider_back(Auth& auth, Request& rq) {
  const Kept kept = kept_by(auth.config, rq);
  const std::string code(rq.query("code").value_or(""));
  const std::string fault(rq.query("error_code").value_or(""));
  html::Data data;
  Refusal refusal{400, {}};
  if (!fault.empty() || code.empty()) {
    refusal = tell(rq, core::Problem(400, fault.empty() ? "bad_oauth_callback" : fault.c_str(), ""), data);
  } else if (kept.verifier.empty()) {
    data.set("said", html::text(html::locale_of(rq), "auth.error.other_browser"));
  } else {
    try {
      co_await require_rate(auth, kSignInRate, rq.client_ip);
      const Origin from = visitor_origin(rq);
      const Session session = co_await exchange_code(auth, code, kept.verifier, from);
      Response response = enter(auth, rq, session, from, kept.next);
      co_return std::move(response).cookie(flow_cookie(auth.config, rq, "", 0));
    } catch (const core::Problem& problem) {
      refusal = tell(rq, problem, data);
    }
  }
  co_return login_form(auth, rq, std::move(data), sent_address(rq), refusal);
}

}  // namespace auth
