// The token of a signed URL: a JWT (HS256) that binds path, purpose and expiry. It is signed with a key of its own, so
// a session token opens no signed URL and this token opens nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/env.h"

namespace storage {

enum class Scope { download, upload };

struct SignedUrlClaims {
  Scope scope = Scope::download;
  std::string path;         // "<bucket>/<key>", the claim `url`
  std::int64_t issued = 0;  // unix seconds
  std::int64_t expires = 0;
  std::optional<std::string> owner;  // uploads: who will own the object
  bool upsert = false;               // uploads: may replace an existing object
};

enum class [[nodiscard]] TokenError { malformed, bad_signature, expired, wrong_scope, wrong_path };

core::Secret derive_signing_key(const core::Secret& jwt_secret);
std::string sign_token(const core::Secret& key, const SignedUrlClaims& claims);
// Checks signature, expiry, scope and path, in this order.
std::variant<SignedUrlClaims, TokenError> verify_token(const core::Secret& key, std::string_view token, Scope scope,
                                                       std::string_view path, std::int64_t now);

}  // namespace storage
