// What pages and streams say about a job, in words.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "html/html.h"
#include "http/request.h"
#include "http/response.h"
#include "jobs/read.h"

namespace jobs {

// "Rendering the video" of the step `render` (pipeline.step.render in a text/en.json), or its bare name.
std::string step_label(std::string_view locale, std::string_view step);
// "Rendering the video. About 40 seconds left." The rest is guessed from what has passed, once that tells something.
std::string running_text(std::string_view locale, std::string_view step, int progress, std::int64_t seconds_so_far);
// The one line about a job that has not ended, the same on the page and in the stream that keeps it true.
struct Doing {
  bool cancelling = false;
  std::optional<Place> place;  // of a job that waits
  std::string step;            // the one that runs
  int progress = 0;
  std::int64_t seconds_so_far = 0;
};
std::string doing_text(std::string_view locale, const Doing& doing);
// "12 credits returned."
std::string returned_text(std::string_view locale, std::int64_t credits);

Task<http::Response> project_page(Jobs& jobs, http::Request& rq);
Task<http::Response> job_page(Jobs& jobs, http::Request& rq);  // on to its project
Task<http::Response> start_form(Jobs& jobs, http::Request& rq);
Task<http::Response> cancel_form(Jobs& jobs, http::Request& rq);
Task<http::Response> retry_form(Jobs& jobs, http::Request& rq);

}  // namespace jobs
