// Pages and streams describe a job in the same words.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "html/html.h"
#include "http/request.h"
#include "http/response.h"
#include "jobs/read.h"

namespace jobs {

// The text pipeline.step.<step>, or the bare name.
std::string step_label(std::string_view locale, std::string_view step);
// The step's label and, once there is enough to extrapolate from, the estimated time left.
std::string running_text(std::string_view locale, std::string_view step, int progress, std::int64_t seconds_so_far);
// The status line of an unfinished job, the same on the page and in the stream that updates it.
struct Doing {
  bool cancelling = false;
  std::optional<Place> place;  // of a queued job
  std::string step;            // the running one
  int progress = 0;
  std::int64_t seconds_so_far = 0;
};
std::string doing_text(std::string_view locale, const Doing& doing);
// "12 credits returned."
std::string returned_text(std::string_view locale, std::int64_t credits);

Task<http::Response> project_page(Jobs& jobs, http::Request& rq);
Task<http::Response> job_page(Jobs& jobs, http::Request& rq);  // redirects to its project
Task<http::Response> start_form(Jobs& jobs, http::Request& rq);
Task<http::Response> cancel_form(Jobs& jobs, http::Request& rq);
Task<http::Response> retry_form(Jobs& jobs, http::Request& rq);

}  // namespace jobs
