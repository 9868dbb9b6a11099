// The provider's side of a sign-in: the URL of its page, and the profile behind the code or token it issued.
#pragma once

#include <string>

#include "oauth/id_token.h"
#include "oauth/oauth.h"

namespace oauth {

// The URL of the provider's page for this flow; `scopes` are added to the configured ones, `extras` passed through.
Task<std::string> authorize_url(OAuth& oauth, const Provider& provider, const FlowState& flow, std::string scopes,
                                Pairs extras);

// Exchanges the code that came back. Throws ProviderFault or IdTokenFault.
Task<ProviderProfile> fetch_profile(OAuth& oauth, const Provider& provider, const FlowState& flow, std::string code);

// The profile in an ID token's claims; the caller checks the nonce.
ProviderProfile profile_from_claims(const Provider& provider, const core::Json& claims);

std::string callback_url(const identity::Config& config);

}  // namespace oauth
