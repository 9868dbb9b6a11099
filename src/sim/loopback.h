// Simulators answer only clients on this machine that also address it by a loopback name, and not through a proxy: a
// remote page could point its own host name at 127.0.0.1 (DNS rebinding), and a proxy on this machine speaks for
// others.
#pragma once

#include <string_view>

#include "http/request.h"

namespace sim {

// An address of 127.0.0.0/8, also mapped into IPv6, or ::1. A name is none, whatever it begins with.
bool is_loopback_address(std::string_view text);
bool is_local(const http::Request& rq);
// False for a request that another site's page sent.
bool is_same_origin(const http::Request& rq);

}  // namespace sim
