// Compact JWS (RFC 7515) as Tenon signs and reads it. The header names one of our keys at most; it brings none and
// chooses no algorithm (spec/security.md 2.1).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/keys/keys.h"
#include "core/clock.h"
#include "core/ids.h"
#include "core/json.h"

namespace auth::jwt {

inline constexpr std::size_t kLongest = 8192;

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

std::string sign(std::string_view claims_json, const Keys& keys);

// The payload of a token whose signature is right; nothing of it has been judged yet.
std::expected<std::string, Fault> open(std::string_view token, const Keys& keys);

// The payload's claims, with exp (required, numeric), nbf, aud and role judged.
std::expected<Claims, Fault> verify(std::string_view token, const Keys& keys, core::Time now);

// As PostgREST judges on the data API: clocks may differ by half a minute, and a token without a role is anon's.
std::expected<Claims, Fault> verify_leniently(std::string_view token, const Keys& keys, core::Time now);

// As verify(), without the judgement of exp: for a cookie whose refresh token may still be good.
std::expected<Claims, Fault> verify_expired(std::string_view token, const Keys& keys, core::Time now);

// Tokens whose signature has been found right, so that it is not computed for each request of a session again. Known by
// the SHA-256 of all their bytes; time and claims are judged anew each time. Whoever changes the keys clears it.
class Opened {
 public:
  static constexpr std::size_t kMost = 1000;  // tokens; then it starts anew
  enum class Clocks { strict, lenient };
  // As jwt::verify(), or as jwt::verify_leniently().
  std::expected<Claims, Fault> verify(std::string_view token, const Keys& keys, core::Time now, Clocks clocks);
  void clear() { payloads_.clear(); }

 private:
  struct Payload {
    std::string text;
    std::optional<core::Json> json;
  };
  std::unordered_map<std::string, Payload> payloads_;
};

}  // namespace auth::jwt
