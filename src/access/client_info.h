// Where a request came from: IP address, user agent, device cookie.
#pragma once

#include "http/request.h"
#include "identity/client_info.h"

namespace access_control {

inline constexpr std::string_view kDeviceCookie = "tenon-device";

identity::ClientInfo client_info_of(const http::Request& rq);

}  // namespace access_control
