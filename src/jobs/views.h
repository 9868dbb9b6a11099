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

Task<http::Response> project_page(Jobs& jobs, http::Request& rq);
Task<http::Response> start_form(Jobs& jobs, http::Request& rq);
Task<http::Response> cancel_form(Jobs& jobs, http::Request& rq);
Task<http::Response> retry_form(Jobs& jobs, http::Request& rq);

}  // namespace jobs
