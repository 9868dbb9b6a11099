// Where a browser may be redirected to: a path of this site for pages, an allowed `redirect_to` for the API
// (docs/spec/security.md 4.6).
#pragma once

#include <string>
#include <string_view>

#include "access/config.h"
#include "http/request.h"

namespace access_control {

// `next` if it is a path of this site as a browser would parse it, else `fallback`.
std::string safe_next(std::string_view next, std::string_view fallback = "/app");

// `asked` if it has the site's origin (any port on localhost) or matches AUTH_REDIRECT_URLS, else the site's URL.
std::string redirect_target(const Config& config, std::string_view asked);
// The same for the request's redirect_to, taken from the query before the header.
std::string redirect_target(const Config& config, const http::Request& rq);
// True when the client named a target other than the site's home page.
bool has_redirect_target(const Config& config, const http::Request& rq);

// One part of a URL, host or path: `*` matches any run without '.' and '/', `**` any run, `?` one character.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace access_control
