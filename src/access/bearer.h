// The token of an Authorization header.
#pragma once

#include <string_view>

#include "http/request.h"

namespace access_control {

// The token of "Authorization: Bearer …"; empty when there is none.
std::string_view bearer_of(const http::Request& rq);

}  // namespace access_control
