// What the handlers of this folder share: the fields an administrator may set, read from the body once.
#pragma once

#include <optional>
#include <string>

#include "auth/users/changes.h"
#include "auth/wire/wire.h"

namespace auth::admin {

inline constexpr const char* kWhy = "the caller holds the service key";

core::UserId id_of(const http::Request& rq);  // Problem 404 validation_failed unless {id} is one

// How long a ban lasts: a Go duration ("24h", "1h30m"), or "none". Problem 400 otherwise.
struct Ban {
  bool given = false;
  std::optional<core::Time> until;
};
Ban ban_of(const core::Json& body, core::Time now);

std::string phone_of(const core::Json& body);  // digits; empty: none. Problem 400 validation_failed
// password_hash as given (bcrypt or argon2), or the hash of password; empty when there is neither.
Task<std::string> hash_of(Auth& auth, const core::Json& body);

http::Response shown(const std::optional<User>& user);  // Problem 404 user_not_found when there is none

}  // namespace auth::admin
