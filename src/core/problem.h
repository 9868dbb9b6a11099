// Problem: what the outside may be told. Thrown where the caller can only give up; the HTTP edge turns it into
// `{"error":"<sentence>","code":"snake_case","request_id":…}` with `status`. Any other exception is a bug or an
// outage: logged whole, answered as a bare 500 (or 503, see pg::Unavailable).
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace core {

class Problem : public std::runtime_error {
 public:
  Problem(int status_code, std::string problem_code, const std::string& sentence)
      : std::runtime_error(sentence), status(status_code), code(std::move(problem_code)) {}

  int status;                                                // an HTTP status, 400 to 599
  std::string code;                                          // snake_case, stable
  std::vector<std::pair<std::string, std::string>> headers;  // e.g. Retry-After
};

}  // namespace core
