// The pages of /dev/mail, and the same as JSON for tests.
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "sim/inbox.h"

namespace sim {

http::Response list(const Inbox& inbox, const http::Request& rq);
http::Response one(const Inbox& inbox, const http::Request& rq);
http::Response html_part(const Inbox& inbox, const http::Request& rq);
http::Response clear(Inbox& inbox, const http::Request& rq);

}  // namespace sim
