// auth.flow_state: a sign-in under way at a provider. Its id is the provider's `state`: good once, for ten minutes, and
// told to nobody but the browser that began. What else must be remembered until the way back (nonce, PKCE verifier)
// follows from the id and the server's secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/auth.h"
#include "auth/oauth/person.h"

namespace auth::oauth {

struct Flow {
  core::Uuid id;
  std::string provider;
  std::string redirect_to;                 // judged when the flow began
  std::string method;                      // of the client's PKCE: s256 or plain; empty: the implicit flow
  std::string challenge;                   // likewise
  std::optional<core::UserId> linking_to;  // the identity is to join this signed-in user
};

Task<> put_flow(pg::Tx& tx, const Flow& flow, core::Time now);

struct Taken {
  Flow flow;
  bool good = false;  // false: it came back before, or too late; only where it wanted to go is worth anything
};
// Marks the flow as come back. Nothing when it was never begun here.
Task<std::optional<Taken>> take_flow(pg::Tx& tx, core::Uuid id, core::Time now);

// The code that the client exchanges for a session. The row keeps its hash, and the provider's tokens sealed with a key
// that only the code's holder has.
Task<std::string> issue_code(pg::Tx& tx, const Flow& flow, core::UserId user, const Person& person, core::Time now);
// A provider's token out of a row that `code` found. Empty when there is none, or another code sealed it.
std::string unsealed(std::string_view sealed, std::string_view code);

std::string nonce_of(const Auth& auth, const Flow& flow);
std::string verifier_of(const Auth& auth, const Flow& flow);
std::string s256(std::string_view verifier);  // RFC 7636 4.2

}  // namespace auth::oauth
