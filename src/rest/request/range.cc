#include "rest/request/range.h"

#include <algorithm>

#include "core/text.h"
#include "rest/error.h"

namespace rest {
namespace {

constexpr std::string_view kBoundsReversed =
    "The lower boundary must be lower than or equal to the upper boundary in the Range header.";

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() < 16 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Range> parse_range(const http::Request& rq) {
  std::string_view text = core::trim(rq.header("range"));
  if (text.starts_with("items=")) text.remove_prefix(6);
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || !is_digits(text.substr(0, dash))) return std::nullopt;
  Range range{.first = *core::parse_int(text.substr(0, dash))};
  if (const std::string_view last = text.substr(dash + 1); !last.empty()) {
    if (!is_digits(last)) return std::nullopt;
    range.last = *core::parse_int(last);
    if (*range.last < range.first) throw range_not_satisfiable(kBoundsReversed);
  }
  return range;
}

Page apply_range(const Request& request, Resource& root) {
  const auto range = request.is_read() ? parse_range(request.http) : std::nullopt;
  if (range) {
    root.offset = std::max(root.offset.value_or(0), range->first);
    if (range->last) {
      const std::int64_t size = *range->last - *root.offset + 1;
      if (size < 0) throw range_not_satisfiable(kBoundsReversed);
      root.limit = std::min(root.limit.value_or(size), size);
    }
  }
  Page page{.offset = root.offset.value_or(0)};
  if (range && request.preferences.count == Preferences::Count::none) {
    constexpr std::int64_t kFarthest = 1'000'000'000'000;
    const std::int64_t most = request.bounds().max_rows;
    page.count_to = std::min(page.offset, kFarthest) + std::min(root.limit.value_or(most), most) + 1;
  }
  return page;
}

}  // namespace rest
