#include "core/log.h"
#include "core/problem.h"
#include "oauth/exchange.h"
#include "oauth/provider_discovery.h"

namespace oauth {

Task<std::string> begin_sign_in(OAuth& oauth, const Provider& provider, FlowState flow, std::string scopes,
                                Pairs extras) {
  flow.id = core::Uuid::random();
  flow.provider = provider.name;
  std::string url;
  try {
    url = co_await authorize_url(oauth, provider, flow, std::move(scopes), std::move(extras));
  } catch (const ProviderFault& fault) {
    core::log::warn("oauth.provider.failed", {{"provider", provider.name}, {"why", fault.what()}});
    throw core::Problem(503, "oauth.unexpected_failure.no_response", {{"provider", provider.label}});
  }
  const core::Time now = oauth.identity.clock.now();
  co_await oauth.identity.db.in(pg::as_service("nobody is signed in before the provider answers"), store_flow, flow,
                                now);
  co_return url;
}

}  // namespace oauth
