#include "rest/response/content_range.h"

#include <fmt/format.h>

#include "rest/error.h"

namespace rest {

std::string content_range(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total) {
  const std::string whole = total ? std::to_string(*total) : "*";
  if (size == 0 || total == 0) return "*/" + whole;
  return fmt::format("{}-{}/{}", offset, offset + size - 1, whole);
}

int page_status(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total, TotalKind kind) {
  if (!total) return 200;
  if (kind == TotalKind::exact && offset > *total) {
    Error beyond = range_not_satisfiable(
        fmt::format("An offset of {} was requested, but there are only {} rows.", offset, *total));
    beyond.headers.emplace_back("Content-Range", content_range(0, 0, total));
    throw beyond;
  }
  return size < *total ? 206 : 200;
}

}  // namespace rest
