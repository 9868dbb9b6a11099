// Settings of oauth. Part of the interface in oauth.h.
#pragma once

#include <vector>

#include "core/env.h"
#include "oauth/provider.h"

namespace oauth {

struct Config {
  std::vector<Provider> providers;  // AUTH_GOOGLE_*, AUTH_GITHUB_*, AUTH_OIDC
  bool production = false;          // TENON_ENV: providers are contacted over https only

  static Config from(core::Env& env);
};

}  // namespace oauth
