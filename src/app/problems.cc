#include "app/problems.h"

#include "auth/auth.h"
#include "core/log.h"
#include "html/html.h"
#include "pg/error.h"
#include "pg/transient.h"
#include "rest/rest.h"
#include "storage/storage.h"

namespace app {
namespace {

core::Problem unavailable() {
  core::Problem problem(503, "unavailable", "The service is not available for a moment. Try again in a few seconds.");
  problem.headers.emplace_back("Retry-After", "2");
  return problem;
}

http::Response retold(const http::Request& rq, const core::Problem& problem) {
  core::Problem told(problem.status, problem.code, html::retold(html::locale_of(rq), problem.what()));
  told.headers = problem.headers;
  http::Response answer = http::problem(told, rq);
  answer.headers.add("Vary", "Accept-Language, Cookie");
  return answer;
}

}  // namespace

std::optional<core::Problem> database_problem(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const pg::Unavailable&) {
    return unavailable();
  } catch (const pg::Error& refused) {
    if (!pg::is_transient(refused.sqlstate)) return std::nullopt;
    core::log::warn("app.database.overtaxed", {{"statement", refused.statement}, {"state", refused.sqlstate}});
    return unavailable();
  } catch (...) {
    return std::nullopt;
  }
}

std::optional<http::Response> shaped(const http::Request& rq, const core::Problem& problem) {
  if (rq.path.starts_with("/auth/v1/")) return auth::wire_problem(rq, problem);
  if (rq.path == "/rest/v1" || rq.path.starts_with("/rest/v1/")) return rest::wire_problem(problem);
  if (rq.path.starts_with("/storage/v1/")) return storage::wire_problem(problem);
  if (rq.path.starts_with("/api/")) return retold(rq, problem);
  return std::nullopt;
}

}  // namespace app
