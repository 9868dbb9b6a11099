// Ranges and conditions of a request for a file (RFC 9110 13, 14).
#pragma once

#include <cstdint>
#include <string_view>

namespace http::parse {

struct Range {
  enum class Kind { whole, part, unsatisfiable };
  Kind kind = Kind::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};
// `value` of a Range header over `size` bytes. Several ranges, other units and malformed values mean the whole.
Range parse_range(std::string_view value, std::uint64_t size);

// True when an If-None-Match list has `etag` (with its quotes), by weak comparison.
bool etag_in(std::string_view list, std::string_view etag);

// The weight of `coding` in an Accept-Encoding header, 0 to 1000; 0 when it is not accepted.
int accepts(std::string_view accept_encoding, std::string_view coding);

}  // namespace http::parse
