// A state change that a cookie pays for needs a token of the page and a same-origin Origin (spec/security.md 4.4).
#pragma once

#include <string>
#include <string_view>

#include "auth/auth.h"

namespace auth {

// Bound to the session, so every page of it stays good when the access token is refreshed.
std::string csrf_token(const Config& config, core::SessionId session);
std::string csrf_token(const Config& config, std::string_view visitor);

// By Sec-Fetch-Site, Origin, else Referer. What carries none of them is refused.
bool same_origin(const Config& config, const http::Request& rq);

enum class Csrf { good, bad, in_body };  // in_body: a streamed form; its first field is the token
Csrf check_csrf(const http::Request& rq, std::string_view expected);

}  // namespace auth
