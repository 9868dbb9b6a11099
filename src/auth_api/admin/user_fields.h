// The user fields that an administrator may set, read from a request body.
#pragma once

#include <optional>
#include <string>

#include "auth_api/auth_api.h"
#include "identity/users.h"

namespace auth_api::admin {

core::UserId id_of(const http::Request& rq);  // Problem 404 validation_failed unless {id} is a UUID

// How long a ban lasts: a Go duration ("24h", "1h30m"), or "none". Problem 400 otherwise.
struct Ban {
  bool given = false;
  std::optional<core::Time> until;
};
Ban ban_of(const core::Json& body, core::Time now);

std::string phone_of(const core::Json& body);  // digits; empty: none. Problem 400 validation_failed
// The given password_hash (bcrypt or argon2), or the hash of the given password; empty when there is neither.
Task<std::string> password_hash_of(AuthApi& api, const core::Json& body);
// Database roles cannot be assigned through the API (docs/spec/security.md 2.2). Problem 400 validation_failed.
void refuse_other_role(const core::Json& body);

// Problem 404 user_not_found when there is none.
http::Response user_response(const std::optional<identity::User>& user);

}  // namespace auth_api::admin
