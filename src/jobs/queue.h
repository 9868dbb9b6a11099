// The queue's functions in Postgres (db/README.md), one call each. All of them for the service role: users have no
// right on them.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/ids.h"
#include "core/loop.h"
#include "core/task.h"
#include "jobs/job_error.h"
#include "pg/pg.h"

namespace jobs {

using core::Task;

struct ClaimedJob {
  core::JobId id;
  core::ProjectId project;
  core::UserId user;
  std::string pipeline;
  pg::Json input;
  std::int32_t attempt = 0;
  std::int64_t fence = 0;
  std::int32_t reserved = 0;
  bool cancel_requested = false;
};
struct StepDone {
  std::int32_t n = 0;
  std::string name;
  std::string output;         // JSON, or empty
  std::int32_t credits = -1;  // -1: it never charged
};
struct StillOurs {
  core::JobId id;
  std::int64_t fence = 0;
  bool cancel_requested = false;
};
struct Holding {  // what proves that a job is still ours
  core::JobId job;
  std::int64_t lease = 0;
  std::int64_t fence = 0;
};
enum class Held { yes, cancel, lost };
struct StepRow {
  std::int32_t n = 0;
  std::string name;
  std::string state;  // running, done, failed
  int progress = 0;
  std::string output;  // JSON, or empty
  std::string error_code;
  std::string meter = "{}";
  std::string assets = "[]";
};
struct Verdict {
  bool ok = false;
  std::int32_t cost = 0;
  JobError error{};
  std::string assets = "[]";
  std::string metering = "{}";
};
enum class Retried { retry, failed, cancelled, lost };

pg::As worker_role();

Task<std::int64_t> open_lease(pg::Db& db, std::string worker, std::string host, int seconds);
Task<bool> heartbeat(pg::Db& db, std::int64_t lease, int seconds);
Task<std::vector<StillOurs>> held_by(pg::Db& db, std::int64_t lease);  // what a missed notice would have said
Task<> close_lease(pg::Db& db, std::int64_t lease);
Task<std::vector<ClaimedJob>> claim(pg::Db& db, std::string lane, std::string worker, std::int64_t lease, int n);
Task<int> admit_burst(pg::Db& db, std::string lane, int n);
Task<std::vector<StepDone>> steps_done(pg::Db& db, core::JobId job);
Task<Held> set_progress(pg::Db& db, Holding held, int progress);
Task<Held> checkpoint(pg::Tx& tx, const Holding& held, const StepRow& step);
Task<bool> finish(pg::Tx& tx, const Holding& held, const Verdict& verdict);  // false: lost, nothing written
Task<Retried> fail_attempt(pg::Tx& tx, const Holding& held, const JobError& error, int delay_seconds);
// The row of the step that was running when its job was settled, in the same transaction and after it (lock order).
Task<> end_step(pg::Tx& tx, const Holding& held, const StepRow& step);
// Outputs of earlier steps, which nobody sees before the job is READY. In the transaction of finish(), after it.
Task<> reveal_outputs(pg::Tx& tx, core::JobId job);
Task<> hand_back(pg::Db& db, Holding held);
Task<> tell_progress(pg::Db& db, std::vector<std::string> jobs);  // one NOTIFY statement for all of them
// One round of rescue, rescue_external, settle_stragglers and promote_due, each until it says 0.
Task<> keep_house(pg::Db& db, int external_seconds);
Task<> prune(pg::Db& db);  // hourly

// Runs fn() until the database answers; an outage never fails a job. Throws pg::Unavailable once give_up() says so.
// A commit whose answer was lost is asked again: the fence then says `lost`, and nothing is written twice.
template <class Fn, class R = typename std::invoke_result_t<Fn&>::value_type>
Task<R> patiently(std::function<bool()> give_up, Fn fn) {
  for (;;) {
    std::exception_ptr outage;
    try {
      co_return co_await fn();
    } catch (const pg::Unavailable&) {
      outage = std::current_exception();
    }
    if (give_up()) std::rethrow_exception(outage);
    co_await core::sleep_for(std::chrono::milliseconds(500));
  }
}

}  // namespace jobs
