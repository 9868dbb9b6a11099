// The Range header of a read.
#pragma once

#include <cstdint>
#include <optional>

#include "rest/request/query_types.h"
#include "rest/request/request.h"

namespace rest {

struct Range {
  std::int64_t first = 0;
  std::optional<std::int64_t> last;  // inclusive
};
// Nothing when the header is absent or of another unit. Throws Error PGRST103 when it ends before it begins.
std::optional<Range> parse_range(const http::Request& rq);

struct Page {
  std::int64_t offset = 0;
  // Upper bound for counting when a Range was sent without a count: just enough to choose 200 or 206. Otherwise 0.
  std::int64_t count_to = 0;
};
// Narrows limit and offset of `root` to the Range header. Throws Error PGRST103.
Page apply_range(const Request& request, Resource& root);

}  // namespace rest
