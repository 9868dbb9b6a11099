// Compact JWS (RFC 7515) as Tenon signs and verifies it. The header can name one of the known keys; it can neither
// bring a key nor choose an algorithm (docs/spec/security.md 2.1).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/clock.h"
#include "core/ids.h"
#include "core/json.h"
#include "identity/key_set.h"

namespace identity::jwt {

inline constexpr std::size_t kMaxLength = 8192;

enum class Fault {
  malformed,
  bad_algorithm,
  bad_signature,
  expired,
  not_yet_valid,
  issued_in_future,
  other_audience,
  bad_claims
};
std::string_view sentence(Fault fault);

struct Claims {
  core::Json json;
  std::string text;  // the payload as signed
  std::string role;  // anon, authenticated or service_role
  std::string email;
  std::string subject;  // as written, empty when absent
  std::optional<core::UserId> user;
  std::optional<core::SessionId> session;
  std::int64_t expires = 0;  // unix seconds
};

std::string sign(std::string_view claims_json, const KeySet& keys);

// The payload of a token whose signature is valid; its claims have not been checked.
std::expected<std::string, Fault> verify_signature(std::string_view token, const KeySet& keys);

// Lenient, as PostgREST is on the data API: clocks may differ by half a minute, and a token without a role is anon's.
enum class Clocks { strict, lenient };

// The claims, with exp (required, numeric), nbf, aud and role checked.
std::expected<Claims, Fault> verify(std::string_view token, const KeySet& keys, core::Time now);
// The same except for exp: for a cookie whose refresh token may still be valid.
std::expected<Claims, Fault> verify_expired(std::string_view token, const KeySet& keys, core::Time now);

// Remembers tokens whose signature was valid, by the SHA-256 of all their bytes, so that it is not computed again for
// every request of a session. Times and claims are checked each time. Clear it when the keys change.
class VerifiedTokenCache {
 public:
  static constexpr std::size_t kMaxTokens = 1000;  // beyond that the cache starts over
  std::expected<Claims, Fault> verify(std::string_view token, const KeySet& keys, core::Time now, Clocks clocks);
  void clear() { payloads_.clear(); }

 private:
  struct Payload {
    std::string text;
    std::optional<core::Json> json;
  };
  std::unordered_map<std::string, Payload> payloads_;
};

}  // namespace identity::jwt
