// GET /auth/v1/authorize?provider=… and, for who is signed in, /auth/v1/user/identities/authorize: to the provider's
// page, with what must come back remembered.
#include <algorithm>
#include <array>

#include "auth/limits/limits.h"
#include "auth/oauth/oauth.h"
#include "auth/oauth/pkce.h"
#include "auth/redirect.h"
#include "auth/wire/wire.h"
#include "core/log.h"
#include "core/text.h"

namespace auth::oauth {
namespace {

constexpr std::size_t kMostExtras = 20;
constexpr std::size_t kLongestExtra = 500;

// Ours, or what the flow itself decides; everything else is between the client and the provider.
constexpr std::array<std::string_view, 16> kReserved{
    "provider",  "redirect_to",   "scopes",       "code_challenge",     "code_challenge_method", "apikey",
    "client_id", "client_secret", "redirect_uri", "response_type",      "response_mode",         "scope",
    "state",     "nonce",         "request",      "skip_http_redirect",
};

Pairs extras_of(const Request& rq) {
  Pairs out;
  for (const auto& [name, value] : rq.queries) {
    const bool reserved = std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
    if (reserved || name.starts_with("request_") || name.empty()) continue;
    if (out.size() < kMostExtras && name.size() + value.size() <= kLongestExtra) out.emplace_back(name, value);
  }
  return out;
}

std::string scopes_of(const Request& rq) {
  const std::string scopes(rq.query("scopes").value_or(""));
  for (const char c : scopes)
    if (c < ' ' || c > '~' || c == '"' || c == '\\' || scopes.size() > 1000)
      throw core::Problem(400, "validation_failed", "scopes must be a list of scope names separated by spaces");
  return scopes;
}

}  // namespace

Task<std::string> begin(Auth& auth, const Provider& provider, Flow flow, std::string scopes, Pairs extras) {
  flow.id = core::Uuid::random();
  flow.provider = provider.name;
  std::string url;
  try {
    url = co_await authorize_url(auth, provider, flow, std::move(scopes), std::move(extras));
  } catch (const ProviderFault& fault) {
    core::log::warn("auth.provider.failed", {{"provider", provider.name}, {"why", fault.what()}});
    throw core::Problem(503, "unexpected_failure", provider.label + " does not answer at the moment");
  }
  const core::Time now = auth.clock.now();
  co_await auth.db.in(pg::as_service("who goes to a provider is not signed in yet"), put_flow, flow, now);
  co_return url;
}

namespace {

// The provider's page for what the request asks of it; the identity joins `linking_to` when there is one.
Task<std::string> url_of(Auth& auth, Request& rq, std::optional<core::UserId> linking_to) {
  const std::string name(rq.query("provider").value_or(""));
  const Provider* provider = find(auth.config.providers, name);
  if (provider == nullptr)
    throw core::Problem(
        400, "validation_failed",
        name.empty() ? "Unsupported provider: missing provider" : "Unsupported provider: provider is not enabled");
  co_await require_rate(auth, kOauthRate, rq.client_ip);
  Flow flow;
  flow.redirect_to = redirect_target(auth.config, rq);
  flow.linking_to = linking_to;
  const Challenge challenge = challenge_of(std::string(rq.query("code_challenge").value_or("")),
                                           std::string(rq.query("code_challenge_method").value_or("")));
  flow.challenge = challenge.value;
  flow.method = challenge.method;
  co_return co_await begin(auth, *provider, std::move(flow), scopes_of(rq), extras_of(rq));
}

}  // namespace

Task<Response> authorize(Auth& auth, Request& rq) {
  const std::string url = co_await url_of(auth, rq, std::nullopt);
  co_return http::redirect(url, 302);
}

Task<Response> authorize_link(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  if (!auth.config.manual_linking) throw core::Problem(404, "manual_linking_disabled", "Manual linking is disabled");
  const std::string url = co_await url_of(auth, rq, who.user);
  if (rq.query("skip_http_redirect").value_or("") != "true") co_return http::redirect(url, 302);
  core::JsonWriter out;
  out.begin().field("url", url).end();
  co_return http::json(out.take());
}

}  // namespace auth::oauth
