// Access to a simulator: only for a client on this machine that also names it as local, since a page elsewhere could
// point its own host name here.
#pragma once

#include "http/request.h"

namespace sim {

bool is_local(const http::Request& rq);
// Not sent by another site's page.
bool is_own_page(const http::Request& rq);

}  // namespace sim
