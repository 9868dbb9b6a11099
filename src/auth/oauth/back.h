// The way back to whoever asked: where the answer of a flow goes, and how a session or an error is written there.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/problem.h"

namespace auth::oauth {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Adds to the query and keeps what the target has, its fragment aside.
std::string with_query(std::string_view target, const Pairs& fields);
// Replaces the fragment.
std::string with_fragment(std::string_view target, const Pairs& fields);
// Error, code and description, in query and fragment alike: servers read the one, browsers the other.
std::string with_error(std::string_view target, std::string_view error, std::string_view code,
                       std::string_view description);
std::string with_error(std::string_view target, const core::Problem& problem);

}  // namespace auth::oauth
