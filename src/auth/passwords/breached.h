// A list of leaked passwords as it is published: one upper-case SHA-1 a line, sorted, ":count" behind it.
#pragma once

#include <string>

namespace auth {

// DisplayPreferencesCookie in the file by halving it: some 30 short reads for a list of a billion. Throws
// std::runtime_error when the file cannot be read. Blocks: call it on a pool.
bool is_breached(const std::string& file, const std::string& password);

}  // namespace auth
