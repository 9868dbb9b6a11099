// Content negotiation by the Accept header.
#pragma once

#include <string_view>

namespace rest {

struct MediaType {
  enum class Kind { array, object, csv };
  Kind kind = Kind::array;
  bool strip_nulls = false;
};
// The first acceptable type of `Accept`. Throws Error PGRST107.
MediaType parse_accept(std::string_view accept);

}  // namespace rest
