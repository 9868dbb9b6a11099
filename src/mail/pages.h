// The use cases behind the routes, one a file.
#pragma once

#include "http/router.h"
#include "mail/mail.h"

namespace mail {

Task<http::Response> webhook(Mail& mail, http::Request& rq);        // webhook.cc
Task<http::Response> settings_page(Mail& mail, http::Request& rq);  // settings.cc
Task<http::Response> save_profile(Mail& mail, http::Request& rq);
Task<http::Response> notifications_page(Mail& mail, http::Request& rq);  // notifications.cc
Task<http::Response> save_notifications(Mail& mail, http::Request& rq);

}  // namespace mail
