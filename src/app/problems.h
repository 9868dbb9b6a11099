// What went wrong, as the outside is told it.
#pragma once

#include <exception>
#include <optional>

#include "core/problem.h"
#include "http/response.h"

namespace app {

// What an outage of the database is to a client: 503 with Retry-After. Nothing for every other exception.
std::optional<core::Problem> database_problem(const std::exception_ptr& error);

// The answer in the shape its path is used to: the error objects of /auth/v1, /rest/v1 and /storage/v1, and /api's
// sentence in the language of who asks. Nothing elsewhere.
std::optional<http::Response> shaped(const http::Request& rq, const core::Problem& problem);

}  // namespace app
