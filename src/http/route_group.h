// The properties that all paths below a prefix share. The module that owns the prefix declares its group beside its
// routes:
//   r.group("/rest/v1", {.errors = postgrest_error, .cors = Cors::any_origin});
// It also holds for paths that match no route and for requests that are refused before a handler runs.
#pragma once

#include <functional>
#include <string>

#include "core/problem.h"
#include "http/request.h"
#include "http/response.h"

namespace http {

// Answers a Problem as the clients of a path expect it: an API's error object, or a page. Of a request that was refused
// before it was understood only the path is known, as the request line states it.
using ErrorFormatter = std::function<Response(const Request&, const core::Problem&)>;

// any_origin: `*`, never with credentials, and preflight requests are answered. For APIs that take a token, no cookie.
enum class Cors { same_origin, any_origin };

// Bodies with a Content-Encoding: refused with 415, or, on streamed routes, taken as they are and never decoded.
enum class EncodedBodies { refused, kept };

struct RouteGroup {
  ErrorFormatter errors;
  Cors cors = Cors::same_origin;
  EncodedBodies encoded_bodies = EncodedBodies::refused;
  std::string prefix;  // set by Router::group
};

// The Problem in the format of the request's group; http::problem where there is none.
Response error_response(const Request& rq, const core::Problem& problem);

}  // namespace http
