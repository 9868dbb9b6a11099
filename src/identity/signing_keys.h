// auth.signing_keys: the ES256 keys that sign access tokens.
#pragma once

#include <string>
#include <vector>

#include "identity/identity.h"

namespace identity {

struct SigningKeyInfo {
  std::string kid, alg, state;
  core::Time created;
};
// The current key retires (its tokens verify until they expire), the key that was already published takes over, and a
// new one is published. The first rotation moves from HS256 to ES256.
Task<> rotate_signing_keys(Identity& identity);
Task<std::vector<SigningKeyInfo>> signing_keys(Identity& identity);

}  // namespace identity
