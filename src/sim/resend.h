// The simulated Resend: validates requests and answers as the real API does. Independent of routing, so that tests can
// call it directly.
#pragma once

#include <string>

#include "http/request.h"
#include "http/response.h"
#include "sim/inbox.h"

namespace sim {

http::Response send_one(Inbox& inbox, const http::Request& rq);
http::Response send_batch(Inbox& inbox, const http::Request& rq);
http::Response show(const Inbox& inbox, const http::Request& rq);
http::Response set_fault(Inbox& inbox, const http::Request& rq);

}  // namespace sim
