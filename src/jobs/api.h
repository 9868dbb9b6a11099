// The JSON API of jobs.
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "jobs/jobs.h"

namespace jobs {

Task<http::Response> create(Jobs& jobs, http::Request& rq);
Task<http::Response> list(Jobs& jobs, http::Request& rq);
Task<http::Response> quote(Jobs& jobs, http::Request& rq);
// The price of so many files before there is a project, with a sentence for the page.
Task<http::Response> estimate(Jobs& jobs, http::Request& rq);
Task<http::Response> show(Jobs& jobs, http::Request& rq);
Task<http::Response> cancel_by_api(Jobs& jobs, http::Request& rq);
Task<http::Response> retry_by_api(Jobs& jobs, http::Request& rq);
Task<http::Response> outputs(Jobs& jobs, http::Request& rq);
// notify.cc: an external worker reports that a job has ended.
Task<http::Response> notify(Jobs& jobs, http::Request& rq);

inline constexpr std::int64_t kLinkSeconds = 3600;

}  // namespace jobs
