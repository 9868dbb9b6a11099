// Calls of the queue's functions in Postgres (db/README.md), one each, as the service role; users may execute none of
// them.
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
struct HeldJob {
  core::JobId id;
  std::int64_t fence = 0;
  bool cancel_requested = false;
};
// Proves to the database that this worker still holds the job; a newer claim has a higher fence.
struct JobClaim {
  core::JobId job;
  std::int64_t lease = 0;
  std::int64_t fence = 0;
};
enum class ClaimStatus { valid, cancelled, lost };
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
struct JobResult {
  bool ok = false;
  std::int32_t cost = 0;
  JobError error{};
  std::string assets = "[]";
  std::string metering = "{}";
};
enum class AttemptOutcome { retry, failed, cancelled, lost };

pg::As as_worker();

Task<std::int64_t> open_lease(pg::Db& db, std::string worker, std::string host, int seconds);
Task<bool> heartbeat(pg::Db& db, std::int64_t lease, int seconds);
Task<std::vector<HeldJob>> held_by(pg::Db& db, std::int64_t lease);  // for the case of a missed NOTIFY
Task<> close_lease(pg::Db& db, std::int64_t lease);
Task<std::vector<ClaimedJob>> claim(pg::Db& db, std::string lane, std::string worker, std::int64_t lease, int n);
Task<int> admit_burst(pg::Db& db, std::string lane, int n);
Task<std::vector<StepDone>> steps_done(pg::Db& db, core::JobId job);
Task<ClaimStatus> set_progress(pg::Db& db, JobClaim held, int progress);
Task<ClaimStatus> checkpoint(pg::Tx& tx, const JobClaim& held, const StepRow& step);
Task<bool> finish(pg::Tx& tx, const JobClaim& held,
                  const JobResult& result);  // false: the claim is lost and nothing was written
Task<AttemptOutcome> fail_attempt(pg::Tx& tx, const JobClaim& held, const JobError& error, int delay_seconds);
// Ends the row of the step that was running when its job was settled: in the same transaction, after finish() (lock
// order, db/README.md).
Task<> end_step(pg::Tx& tx, const JobClaim& held, const StepRow& step);
// Makes the outputs of earlier steps visible to the user. In the transaction of finish(), after it.
Task<> reveal_outputs(pg::Tx& tx, core::JobId job);
Task<> release_claim(pg::Db& db, JobClaim held);
Task<> notify_progress(pg::Db& db, std::vector<std::string> jobs);  // one NOTIFY statement for all of them
// One round of maintenance: reaps expired leases, settles jobs of foreign workers, and promotes jobs that are due.
Task<> run_maintenance(pg::Db& db, int external_seconds);
Task<> prune(pg::Db& db);  // hourly

// Repeats fn() until the database answers, since an outage never fails a job; rethrows pg::Unavailable once give_up()
// returns true. A commit whose answer was lost is repeated too: its fence is `lost` by then, so nothing is written
// twice.
template <class Fn, class R = typename std::invoke_result_t<Fn&>::value_type>
Task<R> retry_while_unavailable(std::function<bool()> give_up, Fn fn) {
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
