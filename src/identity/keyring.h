// This process's copy of auth.signing_keys and auth.api_keys. It is refreshed every few seconds, so a rotation or a
// revoked key reaches every process without a restart.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identity.h"
#include "identity/jwt.h"
#include "identity/key_set.h"

namespace identity {

class Keyring {
 public:
  explicit Keyring(const Config& config);

  // Reads the tables when the copy is stale. Throws when the database is unavailable, since waiting again would make
  // the request too slow. While one call reads, others use the old copy.
  Task<> refresh(Identity& identity);

  const jwt::KeySet& keys() const { return keys_; }
  // Like jwt::verify() with these keys; the signature of a token that was valid once is not verified again.
  std::expected<jwt::Claims, jwt::Fault> verify(std::string_view token, core::Time now,
                                                jwt::Clocks clocks = jwt::Clocks::strict) const {
    return verified_.verify(token, keys_, now, clocks);
  }
  // The role of an opaque key (sb_publishable_…, sb_secret_…); nothing when unknown or revoked.
  std::optional<std::string> role_of(std::string_view opaque_key) const;

 private:
  Task<> read(Identity& identity);
  jwt::KeySet keys_;
  mutable jwt::VerifiedTokenCache verified_;               // with keys_
  std::map<std::string, std::string, std::less<>> roles_;  // SHA-256 of the key: its role
  std::optional<core::Time> read_at_;
  bool reading_ = false;
};

}  // namespace identity
