// auth.flow_state: sign-ins in progress at a provider. A flow's id is the `state` parameter: valid once, for ten
// minutes, and known only to the browser that began the flow. The nonce and PKCE verifier are derived from the id and
// the server's secret, so they are not stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/identity.h"
#include "oauth/provider_profile.h"
#include "pg/pg.h"

namespace oauth {

using core::Task;

struct FlowState {
  core::Uuid id;
  std::string provider;
  std::string redirect_to;                 // checked against the allow-list when the flow began
  std::string method;                      // the client's PKCE method, s256 or plain; empty: the implicit flow
  std::string challenge;                   // the client's PKCE challenge
  std::optional<core::UserId> linking_to;  // the signed-in user whom the identity will be linked to
};

Task<> store_flow(pg::Tx& tx, const FlowState& flow, core::Time now);

struct ReturnedFlow {
  FlowState flow;
  bool good = false;  // false: already used or expired; only redirect_to may be used, to report the error
};
// Marks the flow as used. Nothing when no such flow began here.
Task<std::optional<ReturnedFlow>> consume_flow(pg::Tx& tx, core::Uuid id, core::Time now);
// The same in a transaction of its own.
Task<std::optional<ReturnedFlow>> consume_flow(identity::Identity& identity, core::Uuid id);

// The code that the client exchanges for a session. The row keeps its hash, and the provider's tokens encrypted with a
// key that only the code's holder has (identity/provider_tokens.h).
Task<std::string> issue_code(pg::Tx& tx, const FlowState& flow, core::UserId user, const ProviderProfile& profile,
                             core::Time now);

std::string nonce_of(const identity::Identity& identity, const FlowState& flow);
std::string verifier_of(const identity::Identity& identity, const FlowState& flow);
std::string s256(std::string_view verifier);  // RFC 7636 section 4.2

}  // namespace oauth
