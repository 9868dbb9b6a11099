// What this process knows of auth.signing_keys and auth.api_keys. Both are read again every few seconds, so that a
// rotation or a revoked key reaches every process without a restart.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth.h"
#include "auth/keys/jwt.h"
#include "auth/keys/keys.h"

namespace auth {

class Keyring {
 public:
  explicit Keyring(const Config& config);

  // Reads the tables when what is known is old. Throws when the database is away: a second wait for it would take
  // longer than an outage may cost a request. While one call reads, the others go on with what is known.
  Task<> refresh(Auth& auth);

  const jwt::Keys& keys() const { return keys_; }
  // As jwt::verify() and verify_leniently() by these keys; a token that was right once costs no signature again.
  std::expected<jwt::Claims, jwt::Fault> verify(std::string_view token, core::Time now,
                                                jwt::Opened::Clocks clocks = jwt::Opened::Clocks::strict) const {
    return opened_.verify(token, keys_, now, clocks);
  }
  // The role of an opaque key (sb_publishable_…, sb_secret_…); nothing when unknown or revoked.
  std::optional<std::string> role_of(std::string_view opaque_key) const;

 private:
  Task<> read(Auth& auth);
  jwt::Keys keys_;
  mutable jwt::Opened opened_;                             // by keys_
  std::map<std::string, std::string, std::less<>> roles_;  // SHA-256 of the key: its role
  std::optional<core::Time> read_at_;
  bool reading_ = false;
};

}  // namespace auth
