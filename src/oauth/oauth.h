// Sign-in through another provider: Google, GitHub, any OpenID Connect provider. begin_sign_in sends the browser to the
// provider's page, complete_sign_in takes what comes back. The handlers of /auth/v1/authorize and /callback stand in
// auth_api/, the buttons of the sign-in page in account/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "identity/sessions.h"
#include "oauth/config.h"
#include "oauth/flow_state.h"

namespace oauth {

class ProviderDiscovery;

// The module: one for each event loop, like the Identity it signs users in to.
struct OAuth {
  OAuth(identity::Identity& identity, http::Client& client, Config config);
  ~OAuth();
  OAuth(const OAuth&) = delete;
  OAuth& operator=(const OAuth&) = delete;

  identity::Identity& identity;
  const Config config;
  ProviderDiscovery& discovery() { return *discovery_; }

 private:
  std::unique_ptr<ProviderDiscovery> discovery_;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Stores the flow and returns the URL of the provider's page. `scopes` are added to the configured ones, `extras`
// become query parameters. Throws Problem 503 unexpected_failure when the provider cannot be reached.
Task<std::string> begin_sign_in(OAuth& oauth, const Provider& provider, FlowState flow, std::string scopes,
                                Pairs extras);

// The result of complete_sign_in: a code that the client exchanges when the flow has a PKCE challenge, else a session.
struct CompletedSignIn {
  std::string code;
  std::optional<identity::Session> session;
  ProviderProfile profile;
};
// Exchanges the provider's code, finds, links or creates the user, and signs them in. Throws Problem.
Task<CompletedSignIn> complete_sign_in(OAuth& oauth, FlowState flow, std::string code, identity::ClientInfo from);

// A session for the holder of a provider's ID token. Throws IdTokenFault, NonceFault, ProviderFault or Problem.
struct IdTokenGrant {
  std::string provider;
  std::string id_token;
  std::string access_token;
  std::string nonce;
};
Task<identity::Session> sign_in_by_id_token(OAuth& oauth, IdTokenGrant grant, identity::ClientInfo from);

}  // namespace oauth
