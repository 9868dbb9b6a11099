// An ID token (OpenID Connect Core 2 and 3.1.3.7): who signed it, for whom, until when.
#pragma once

#include <string>
#include <string_view>

#include "auth/oauth/directory.h"
#include "core/clock.h"

namespace auth::oauth {

// The token is not what the provider signed for us. The sentence is for the log, and names no secret.
class BadIdToken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The caller's nonce and the token's do not belong together.
struct NonceFault : std::runtime_error {
  enum class Kind { one_missing, differ } kind;
  explicit NonceFault(Kind what) : std::runtime_error("the nonces do not belong together"), kind(what) {}
};

// The claims of a token whose signature, issuer, audience and times are right; `nonce` is the caller's to judge. Throws
// BadIdToken, or ProviderFault when the keys cannot be had.
Task<core::Json> verified_claims(Directory& directory, const Provider& provider, std::string token, core::Time now);

// Whether `token`'s at_hash, when it has one, is that of the access token.
bool at_hash_fits(const core::Json& claims, std::string_view access_token);

}  // namespace auth::oauth
