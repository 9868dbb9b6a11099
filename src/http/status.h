#pragma once

#include <string_view>

namespace http {

// The reason phrase of a status code (RFC 9110 15); empty when it has none.
std::string_view reason_of(int status);

}  // namespace http
