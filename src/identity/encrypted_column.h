// Columns that must be readable again, but not from a stolen table: encrypted with a key derived from JWT_SECRET.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/identity.h"

namespace identity {

// Each `purpose` has a key of its own.
std::string encrypt_column(const Config& config, std::string_view purpose, std::string_view plain);
// Nothing when it was encrypted for another purpose or with another secret.
std::optional<std::string> decrypt_column(const Config& config, std::string_view purpose, std::string_view sealed);

}  // namespace identity
