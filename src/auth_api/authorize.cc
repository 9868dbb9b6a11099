// GET /auth/v1/authorize?provider=…, and for linking an identity to a signed-in user
// GET /auth/v1/user/identities/authorize: redirects to the provider's page.
#include <algorithm>
#include <array>

#include "access/redirect_allowlist.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "identity/pkce.h"
#include "identity/rate_limits.h"

namespace auth_api {
namespace {

constexpr std::size_t kMaxExtras = 20;
constexpr std::size_t kLongestExtra = 500;

// Tenon's own parameters and those that the flow decides; everything else is between the client and the provider.
constexpr std::array<std::string_view, 16> kReserved{
    "provider",  "redirect_to",   "scopes",       "code_challenge",     "code_challenge_method", "apikey",
    "client_id", "client_secret", "redirect_uri", "response_type",      "response_mode",         "scope",
    "state",     "nonce",         "request",      "skip_http_redirect",
};

oauth::Pairs extras_of(const Request& rq) {
  oauth::Pairs out;
  for (const auto& [name, value] : rq.queries) {
    const bool reserved = std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
    if (reserved || name.starts_with("request_") || name.empty()) continue;
    if (out.size() < kMaxExtras && name.size() + value.size() <= kLongestExtra) out.emplace_back(name, value);
  }
  return out;
}

std::string scopes_of(const Request& rq) {
  const std::string scopes(rq.query("scopes").value_or(""));
  for (const char c : scopes)
    if (c < ' ' || c > '~' || c == '"' || c == '\\' || scopes.size() > 1000)
      throw HttpError(400, "validation_failed", "scopes must be a list of scope names separated by spaces");
  return scopes;
}

// The URL of the provider's page. The identity is linked to `linking_to` if set.
Task<std::string> provider_url(AuthApi& api, Request& rq, std::optional<core::UserId> linking_to) {
  const std::string name(rq.query("provider").value_or(""));
  const oauth::Provider* provider = oauth::find(api.oauth.config.providers, name);
  if (provider == nullptr)
    throw HttpError(
        400, "validation_failed",
        name.empty() ? "Unsupported provider: missing provider" : "Unsupported provider: provider is not enabled");
  co_await identity::enforce_rate_limit(api.identity, identity::kOauthRate, rq.client_ip);
  oauth::FlowState flow;
  flow.redirect_to = access_control::redirect_target(api.access, rq);
  flow.linking_to = linking_to;
  const identity::Challenge challenge =
      identity::challenge_of(rq.query("code_challenge").value_or(""), rq.query("code_challenge_method").value_or(""));
  flow.challenge = challenge.value;
  flow.method = challenge.method;
  co_return co_await oauth::begin_sign_in(api.oauth, *provider, std::move(flow), scopes_of(rq), extras_of(rq));
}

}  // namespace

Task<Response> authorize(AuthApi& api, Request& rq) {
  const std::string url = co_await provider_url(api, rq, std::nullopt);
  co_return http::redirect(url, 302);
}

Task<Response> link_identity(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  if (!api.config.manual_linking) throw HttpError(404, "manual_linking_disabled", "Manual linking is disabled");
  const std::string url = co_await provider_url(api, rq, who.user);
  if (rq.query("skip_http_redirect").value_or("") != "true") co_return http::redirect(url, 302);
  core::JsonWriter out;
  out.begin().field("url", url).end();
  co_return http::json(out.take());
}

}  // namespace auth_api
