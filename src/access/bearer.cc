#include "access/bearer.h"

#include "core/text.h"

namespace access_control {

std::string_view bearer_of(const http::Request& rq) {
  const std::string_view value = rq.header("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size() || !core::iequals(value.substr(0, kScheme.size()), kScheme)) return {};
  const std::string_view token = value.substr(kScheme.size());
  return token.find_first_of(" \t") == std::string_view::npos ? token : std::string_view{};
}

}  // namespace access_control
