// One provider's side of a sign-in: where its page is, and who stands behind the code or token it gave.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "auth/oauth/flow.h"
#include "auth/oauth/id_token.h"
#include "auth/oauth/provider.h"

namespace auth::oauth {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The URL of the provider's page for this flow; `scopes` come on top of the configured ones, `extras` as they are.
Task<std::string> authorize_url(Auth& auth, const Provider& provider, const Flow& flow, std::string scopes,
                                Pairs extras);

// Exchanges the code that came back. Throws ProviderFault or BadIdToken.
Task<Person> person_behind(Auth& auth, const Provider& provider, const Flow& flow, std::string code);

// The person an ID token speaks of; its nonce is the caller's to judge.
Person person_of(const Provider& provider, const core::Json& claims);

std::string callback_url(const Config& config);

}  // namespace auth::oauth
