// Password policy, and the one place where passwords are hashed and compared (docs/spec/security.md 3.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/problem.h"
#include "identity/identity.h"

namespace identity {

// 422 weak_password with GoTrue's reasons: length, characters, pwned.
class WeakPassword : public core::Problem {
 public:
  WeakPassword(std::string_view name, std::vector<std::string> why) : Problem(422, name), reasons(std::move(why)) {}
  std::vector<std::string> reasons;
};

inline constexpr std::size_t kShortestPassword = 8;  // bytes
inline constexpr std::size_t kLongestPassword = 72;  // bytes: bcrypt reads no further

// Throws WeakPassword (too short, or among the commonest) or Problem 400 (too long, NUL, not UTF-8).
void require_acceptable_password(std::string_view password);
bool is_common(std::string_view password);
std::size_t common_count();

// Also refuses leaked passwords when AUTH_BREACHED_PASSWORDS names a list. The caller keeps `password` alive until the
// Task ends.
Task<> require_strong_password(Identity& identity, const std::string& password);

// argon2id (19 MiB, t = 2, p = 1) or bcrypt by the configuration, on the hashing pool.
Task<std::string> hash_password(Identity& identity, std::string password);

// True when `stored` (argon2 or bcrypt) is a hash of `password`. An empty `stored` never matches but takes as long, so
// that its time does not reveal whether the address is known.
Task<bool> password_matches(Identity& identity, std::string password, std::string stored);

// True when `stored` was hashed with other parameters than the configuration's.
bool needs_rehash(const Config& config, const std::string& stored);

}  // namespace identity
