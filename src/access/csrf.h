// CSRF: a state change authorised by a cookie needs the page's token and a same-origin Origin
// (docs/spec/security.md 4.4).
#pragma once

#include <string>
#include <string_view>

#include "access/config.h"
#include "core/ids.h"
#include "http/request.h"

namespace access_control {

// Bound to the session, so open pages stay valid when the access token is renewed.
std::string csrf_token(const Config& config, core::SessionId session);
std::string csrf_token(const Config& config, std::string_view visitor);

// By Sec-Fetch-Site, Origin, else Referer. A request with none of them is refused.
bool same_origin(const Config& config, const http::Request& rq);

enum class Csrf { good, bad, in_body };  // in_body: a streamed form, whose first field is the token
Csrf check_csrf(const http::Request& rq, std::string_view expected);

}  // namespace access_control
