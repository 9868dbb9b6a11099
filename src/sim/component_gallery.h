// /dev/ui: every component of html/views/ui in every state, and every error page. Development and loopback only.
#pragma once

#include "http/request.h"
#include "http/response.h"

namespace sim {

http::Response component_gallery(const http::Request& rq);
// /dev/ui/errors/{status}; throws Problem 404 for a status that has no page.
http::Response error_sample(const http::Request& rq);

}  // namespace sim
