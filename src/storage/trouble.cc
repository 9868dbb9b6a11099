#include "storage/trouble.h"

#include "html/html.h"

namespace storage {

core::Problem trouble(int status, const std::string& code) {
  core::Problem problem(status, code, html::text("en", "storage.problem." + code));
  if (status == 503 || status == 507) problem.headers.emplace_back("Retry-After", "30");
  return problem;
}

}  // namespace storage
