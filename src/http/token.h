#pragma once

#include <string_view>

namespace http {

// RFC 9110 5.6.2: the characters of a header's name, a method or a parameter's name.
bool is_token(std::string_view text);

}  // namespace http
