// All errors of a request as PostgREST's error object, and their HTTP statuses.
#pragma once

#include <exception>

#include "core/problem.h"
#include "http/response.h"
#include "pg/error.h"
#include "rest/error.h"

namespace rest {

http::Response error_response(const Error& error);
// The error formatter of the route group: problems of the server around the endpoints.
http::Response format_problem(const http::Request& rq, const core::Problem& problem);

// An error of Postgres, with the status of its SQLSTATE. `anonymous`: the caller has only the anon key, so a missing
// right is 401 instead of 403.
Error from_postgres(const pg::Error& error, bool anonymous);
Error from_unavailable(const pg::Unavailable& error);
Error from_problem(const core::Problem& problem);
// The current exception as an Error. Rethrows what is none of the above.
Error current_error(bool anonymous);

}  // namespace rest
