#include "http/route_group.h"

#include "core/log.h"

namespace http {

Response error_response(const Request& rq, const core::Problem& problem) {
  if (rq.group && rq.group->errors) {
    try {
      return rq.group->errors(rq, problem);
    } catch (const std::exception& e) {
      core::log::error("http.error.not_formatted", {{"group", rq.group->prefix}, {"what", e.what()}});
    }
  }
  return http::problem(problem, rq);
}

}  // namespace http
