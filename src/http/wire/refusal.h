// Why bytes of a stranger are no request. The connection answers it and closes.
#pragma once

#include <string_view>

namespace http::wire {

struct Refusal {
  int status;
  std::string_view code;
  std::string_view sentence;
};

inline constexpr Refusal kBadRequest{400, "bad_request", "The request is not valid HTTP."};

}  // namespace http::wire
