// The reason why bytes are not a valid request. The connection answers it and closes.
#pragma once

#include <string_view>

namespace http::parse {

struct Refusal {
  int status;
  std::string_view name;  // of the core::Problem
};

inline constexpr Refusal kBadRequest{400, "http.bad_request"};

}  // namespace http::parse
