// What a password must be, and the one place where one is hashed or compared (spec/security.md 3.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/auth.h"
#include "core/problem.h"

namespace auth {

// 422 with the reasons the wire names: length, characters, pwned.
class WeakPassword : public core::Problem {
 public:
  WeakPassword(const std::string& sentence, std::vector<std::string> why)
      : Problem(422, "weak_password", sentence), reasons(std::move(why)) {}
  std::vector<std::string> reasons;
};

inline constexpr std::size_t kShortestPassword = 8;  // bytes
inline constexpr std::size_t kLongestPassword = 72;  // bytes: bcrypt reads no further

// Throws WeakPassword (too short, or among the commonest) or Problem 400 (too long, NUL, not UTF-8).
void require_acceptable(std::string_view password);
bool is_common(std::string_view password);
std::size_t common_count();

// The same, and not in the list of leaked passwords when there is one (AUTH_BREACHED_PASSWORDS). `password` is kept
// alive by the caller until the Task ends.
Task<> require_fit(Auth& auth, const std::string& password);

// argon2id (19 MiB, t = 2, p = 1) or bcrypt by the configuration, on the hashing pool.
Task<std::string> hash_password(Auth& auth, std::string password);

// True when `stored` (argon2 or bcrypt) is a hash of `password`. An empty `stored` costs what a real one costs and is
// never right, so that an unknown address takes as long as a wrong password.
Task<bool> password_matches(Auth& auth, std::string password, std::string stored);

// True when the configuration would hash otherwise than `stored` was.
bool needs_rehash(const Config& config, const std::string& stored);

}  // namespace auth
