// The token of a signed link: a JWT (HS256) that binds bucket, key, purpose and expiry, under a key of its own, so that
// neither a session token is accepted here nor this one anywhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/env.h"

namespace storage {

enum class Scope { download, upload };

struct Grant {
  Scope scope = Scope::download;
  std::string url;          // "<bucket>/<key>"
  std::int64_t issued = 0;  // unix seconds
  std::int64_t expires = 0;
  std::optional<std::string> owner;  // upload links: whose the object will be
  bool upsert = false;               // upload links: may replace
};

enum class [[nodiscard]] TokenFault { malformed, bad_signature, expired, other_scope, other_url };

core::Secret link_key(const core::Secret& jwt_secret);
std::string sign(const core::Secret& key, const Grant& grant);
// Checks in the order signature, expiry, scope, path.
std::variant<Grant, TokenFault> verify(const core::Secret& key, std::string_view token, Scope scope,
                                       std::string_view url, std::int64_t now);

}  // namespace storage
