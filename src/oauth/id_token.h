// Verification of ID tokens (OpenID Connect Core 2 and 3.1.3.7): signature, issuer, audience, times.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "oauth/provider_discovery.h"

namespace oauth {

// The token is not one that the provider signed for this client. The text is for the log and contains no secret.
class IdTokenFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The caller's nonce does not match the token's.
struct NonceFault : std::runtime_error {
  enum class Kind { one_missing, differ } kind;
  explicit NonceFault(Kind what) : std::runtime_error("the nonces do not match"), kind(what) {}
};

// The claims of a valid token; the caller checks `nonce`. Throws IdTokenFault, or ProviderFault when the keys cannot be
// fetched.
Task<core::Json> verify_id_token(ProviderDiscovery& discovery, const Provider& provider, std::string token,
                                 core::Time now);

// True when the claims have no at_hash, or it is that of the access token.
bool at_hash_fits(const core::Json& claims, std::string_view access_token);

}  // namespace oauth
