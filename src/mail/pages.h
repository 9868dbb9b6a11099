// The use cases behind the routes, one a file.
#pragma once

#include "http/router.h"
#include "mail/mail.h"

namespace mail {

Task<http::Response> webhook(Mail& mail, http::Request& rq);  // webhook.cc

}  // namespace mail
