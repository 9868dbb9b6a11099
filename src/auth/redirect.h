// Where a browser may be sent: paths of this site (auth::safe_next in auth.h) and, on the wire, redirect_to.
#pragma once

#include <string>
#include <string_view>

#include "auth/auth.h"

namespace auth {

// `asked` when it is the site's own origin (any port on localhost) or fits AUTH_REDIRECT_URLS; else the site's URL.
std::string redirect_target(const Config& config, std::string_view asked);
// The request's redirect_to, query before header, judged as above.
std::string redirect_target(const Config& config, const http::Request& rq);
// True when the client named a place other than the site's own pages.
bool names_other_place(const Config& config, const http::Request& rq);

// One part of a URL, host or path: `*` is any run without '.' and '/', `**` any run, `?` one character.
bool fits_glob(std::string_view pattern, std::string_view text);

}  // namespace auth
