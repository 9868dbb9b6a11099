// The keys that sign and verify tokens: the project's secret (HS256), its own P-256 keys (ES256), and trusted public
// keys of other issuers (ES256, RS256). A value: built once, then only read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ec_key.h"
#include "core/json.h"

namespace identity::jwt {

// A public key of a JWK set (RFC 7517).
struct PublicKey {
  std::string kid;
  std::string alg;  // ES256 or RS256
  std::string a;    // x of the point, or the modulus
  std::string b;    // y of the point, or the exponent
};
// Nothing unless it is a public signature key of a known type with a kid. A private part is refused.
std::optional<PublicKey> public_key(const core::Json& jwk);
std::string jwk_of(const PublicKey& key);  // as JSON, with use and key_ops

class KeySet {
 public:
  KeySet(std::string_view secret) : secret_(secret) {}    // NOLINT: a secret alone is a set of keys
  KeySet(const std::string& secret) : secret_(secret) {}  // NOLINT
  KeySet(const char* secret) : secret_(secret) {}         // NOLINT

  // The key that signs from now on. Without one, HS256 signs.
  void sign_with(std::string kid, core::EcKey key);
  void trust(PublicKey key);

  // The set as /.well-known/jwks.json publishes it, without the secret.
  std::string jwks() const;

  std::string_view algorithm() const { return signing_ ? "ES256" : "HS256"; }
  const std::string& secret() const { return secret_; }
  // {"alg":…,"typ":"JWT"} and kid, and the signature over `text`.
  std::string header() const;
  std::string signature(std::string_view text) const;
  // True when `alg` and `kid` (empty: none) name one of these keys and that key made the signature. Each key has one
  // algorithm, so a header can neither use a public key as a secret nor do without a key.
  bool verifies(std::string_view alg, std::string_view kid, std::string_view text, std::string_view signature) const;

 private:
  struct Signing {
    std::string kid;
    core::EcKey key;
  };
  std::string secret_;
  std::optional<Signing> signing_;
  std::vector<PublicKey> public_;
};

}  // namespace identity::jwt
