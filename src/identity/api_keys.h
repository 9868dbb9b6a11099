// auth.api_keys: opaque keys (sb_publishable_…, sb_secret_…), and the legacy keys that are JWTs of the project's
// secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identity.h"

namespace identity {

// A legacy Supabase key: an HS256 token with `role` (anon or service_role) and no user, valid for ten years. The same
// secret always gives the same key.
std::string make_api_key(std::string_view secret, std::string_view role);

enum class ApiKeyKind { publishable, secret };
struct ApiKeyInfo {
  std::string id, kind, name, prefix;
  core::Time created;
  bool revoked;
};
// Returns the key, which can be shown only now: the table keeps its hash.
Task<std::string> create_api_key(Identity& identity, ApiKeyKind kind, std::string name);
Task<std::vector<ApiKeyInfo>> api_keys(Identity& identity);
Task<bool> revoke_api_key(Identity& identity, std::string id_or_prefix);

// The role of a configured or stored key, compared by its bytes; nothing for any other text.
std::optional<std::string> role_of_known_key(const Identity& identity, std::string_view key);
// Also accepts a key JWT that was signed elsewhere with the same secret; nothing when the key is not valid here.
std::optional<std::string> role_of_api_key(const Identity& identity, std::string_view key);

}  // namespace identity
