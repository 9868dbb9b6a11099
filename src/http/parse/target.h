// The request target, decoded once and checked as UTF-8, and the pairs of a query or a form.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/parse/refusal.h"
#include "http/request.h"

namespace http::parse {

inline constexpr std::size_t kMaxPairs = 500;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Target {
  std::string path;  // "*" for OPTIONS * only
  Pairs queries;
};
// origin-form, absolute-form naming the same Host, or "*" with OPTIONS.
std::expected<Target, Refusal> parse_target(Method method, std::string_view target, std::string_view host);

// The path of a refused target, neither decoded nor checked: only to choose the error format.
std::string_view stated_path(std::string_view target);

// name=value&… with '+' as a space. Refuses bad escapes, NUL, invalid UTF-8 and more than kMaxPairs.
enum class PairsFault { none, malformed, too_many };
PairsFault parse_pairs(std::string_view text, Pairs& out);

}  // namespace http::parse
