#include "app/problems.h"

#include "core/log.h"
#include "html/html.h"
#include "pg/error.h"
#include "pg/transient.h"

namespace app {
namespace {

core::Problem unavailable() {
  core::Problem problem(503, "http.unavailable");
  problem.headers.emplace_back("Retry-After", "2");
  return problem;
}

core::Problem too_many_requests() {
  core::Problem problem(429, "http.too_many_requests");
  problem.headers.emplace_back("Retry-After", "1");
  return problem;
}

}  // namespace

std::optional<core::Problem> database_problem(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const pg::Unavailable& e) {
    return e.why == pg::Unavailable::Why::over_share ? too_many_requests() : unavailable();
  } catch (const pg::Error& refused) {
    if (!pg::is_transient(refused.sqlstate)) return std::nullopt;
    core::log::warn("app.database.overloaded", {{"statement", refused.statement}, {"state", refused.sqlstate}});
    return unavailable();
  } catch (...) {
    return std::nullopt;
  }
}

void declare_groups(http::Router& router) {
  router.group("/", {.errors = html::error_response});
  for (const char* api : {"/api", "/auth", "/rest", "/storage", "/realtime", "/functions"})
    router.group(api, {.errors = html::api_error});
}

}  // namespace app
