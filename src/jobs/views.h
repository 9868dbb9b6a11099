// What pages and streams say about a job, in words.
#pragma once

#include <string>
#include <string_view>

#include "html/html.h"
#include "http/request.h"
#include "http/response.h"
#include "jobs/jobs.h"

namespace jobs {

// "Rendering the video" of the step `render` (pipeline.step.render in a text/en.json), or its bare name.
std::string step_label(std::string_view locale, std::string_view step);
// "Rendering the video. About 40 seconds left." The rest is guessed from what has passed, once that tells something.
std::string running_text(std::string_view locale, std::string_view step, int progress, std::int64_t seconds_so_far);

Task<http::Response> project_page(Jobs& jobs, http::Request& rq);
Task<http::Response> job_page(Jobs& jobs, http::Request& rq);  // on to its project
Task<http::Response> start_form(Jobs& jobs, http::Request& rq);
Task<http::Response> cancel_form(Jobs& jobs, http::Request& rq);
Task<http::Response> retry_form(Jobs& jobs, http::Request& rq);

}  // namespace jobs
