#include "app/signals.h"

#include <sys/resource.h>

#include <string_view>

#include "core/log.h"
#include "pg/error.h"

namespace app {

Signals::Signals() {
  ::sigemptyset(&waited_);
  ::sigaddset(&waited_, SIGTERM);
  ::sigaddset(&waited_, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &waited_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  // Connections are files, and the soft limit is meant for shells.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

void Signals::wait() {
  int number = 0;
  ::sigwait(&waited_, &number);
}

bool Signals::wait_for(std::chrono::milliseconds at_most) {
  const timespec limit{at_most.count() / 1000, at_most.count() % 1000 * 1'000'000};
  return ::sigtimedwait(&waited_, nullptr, &limit) > 0;
}

namespace {

core::Problem unavailable() {
  core::Problem problem(503, "unavailable", "The service is not available for a moment. Try again in a few seconds.");
  problem.headers.emplace_back("Retry-After", "2");
  return problem;
}

// The statement was right and the server could not carry it out now: its time was over (57014), a lock was not to be
// had (55P03), no room or memory (class 53), or a standby that has not taken over yet (25006). Nothing has taken
// effect.
bool passes(std::string_view sqlstate) {
  return sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25006" || sqlstate.starts_with("53");
}

}  // namespace

std::optional<core::Problem> database_problem(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const pg::Unavailable&) {
    return unavailable();
  } catch (const pg::Error& refused) {
    if (!passes(refused.sqlstate)) return std::nullopt;
    core::log::warn("app.database.overtaxed", {{"statement", refused.statement}, {"state", refused.sqlstate}});
    return unavailable();
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace app
