// A published list of leaked passwords: one upper-case SHA-1 a line, sorted, each followed by ":count".
#pragma once

#include <string>

namespace identity {

// Binary search in the file: some 30 short reads for a billion lines. Throws std::runtime_error when the file cannot be
// read. Blocks, so call it on a pool.
bool is_breached(const std::string& file, const std::string& password);

}  // namespace identity
