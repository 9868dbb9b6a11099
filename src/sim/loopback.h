// Simulators answer only clients on this machine that also address it by a loopback name: a remote page could point its
// own host name at 127.0.0.1 (DNS rebinding).
#pragma once

#include "http/request.h"

namespace sim {

bool is_local(const http::Request& rq);
// False for a request that another site's page sent.
bool is_same_origin(const http::Request& rq);

}  // namespace sim
