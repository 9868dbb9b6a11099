// Cross-origin requests (Fetch 3.2). Groups that are open to any origin allow `*`, without credentials; without these
// headers browsers refuse.
#pragma once

#include <optional>
#include <string_view>

#include "http/request.h"
#include "http/response.h"

namespace http::serve {

// True when the request's group is open to any origin.
bool is_cross_origin(const Request& rq);
// The response headers that scripts of other origins may read.
extern const std::string_view kExposedHeaders;
// The response to a preflight request of an open group, or nothing.
std::optional<Response> preflight_response(const Request& rq);

}  // namespace http::serve
