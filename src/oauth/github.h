// GitHub is plain OAuth 2: the profile comes from /user, the addresses from /user/emails. Only verified addresses
// count.
#pragma once

#include <string>

#include "oauth/provider_discovery.h"
#include "oauth/provider_profile.h"

namespace oauth {

// Throws ProviderFault.
Task<ProviderProfile> fetch_github_profile(ProviderDiscovery& discovery, const Provider& provider, std::string callback,
                                           std::string code, std::string verifier);

}  // namespace oauth
