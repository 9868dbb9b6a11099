// What must be read again but not out of a stolen table: sealed with a key that follows from JWT_SECRET.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/auth.h"

namespace auth {

// `purpose` separates the keys: what was sealed for one opens for no other.
std::string seal(const Config& config, std::string_view purpose, std::string_view plain);
// Nothing when it was not sealed so, or with another secret.
std::optional<std::string> unseal(const Config& config, std::string_view purpose, std::string_view sealed);

}  // namespace auth
