#include "oauth/oauth.h"

#include "oauth/provider_discovery.h"

namespace oauth {

Config Config::from(core::Env& env) {
  Config config;
  config.providers = providers_from(env);
  config.production = env.production();
  return config;
}

OAuth::OAuth(identity::Identity& users, http::Client& client, Config settings)
    : identity(users), config(std::move(settings)) {
  using Scheme = ProviderDiscovery::Scheme;
  const Scheme scheme = config.production ? Scheme::https_only : Scheme::any;
  discovery_ = std::make_unique<ProviderDiscovery>(client, identity.clock, scheme);
}

OAuth::~OAuth() = default;

}  // namespace oauth
