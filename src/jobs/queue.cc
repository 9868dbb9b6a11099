#include "jobs/queue.h"

#include "storage/storage.h"

namespace jobs {
namespace {

constexpr pg::Sql kOpenLease{"jobs.lease_open", R"sql(select tenon.open_lease($1, $2, $3))sql"};
constexpr pg::Sql kHeartbeat{"jobs.lease_heartbeat", R"sql(select tenon.heartbeat($1, $2))sql"};
constexpr pg::Sql kCloseLease{"jobs.lease_close", R"sql(select tenon.close_lease($1)::text)sql"};
constexpr pg::Sql kClaim{"jobs.queue_claim", R"sql(
  select id, project_id, user_id, pipeline, input, attempt, fence, cost_credits_reserved, cancel_requested_at is not null
  from tenon.claim_jobs($1, $2, $3, $4)
)sql"};
constexpr pg::Sql kBurst{"jobs.queue_burst", R"sql(select tenon.admit_burst($1, $2))sql"};
constexpr pg::Sql kStepsDone{"jobs.steps_done", R"sql(
  select n, name, coalesce(output::text, ''), coalesce(credits, -1) from public.job_steps
  where job_id = $1 and state = 'done' order by n
)sql"};
constexpr pg::Sql kSetProgress{"jobs.progress_set", R"sql(select tenon.set_progress($1, $2, $3, $4))sql"};
constexpr pg::Sql kCheckpoint{"jobs.step_checkpoint", R"sql(
  select tenon.checkpoint($1, $2, $3, $4, $5, $6, $7, nullif($8, '')::jsonb, nullif($9, ''), $10::jsonb, $11::jsonb)
)sql"};
constexpr pg::Sql kFinish{"jobs.queue_finish", R"sql(
  select tenon.finish_job($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), $8::jsonb, $9::jsonb, $10::jsonb)
)sql"};
constexpr pg::Sql kFailAttempt{"jobs.queue_fail_attempt", R"sql(
  select tenon.fail_attempt($1, $2, $3, $4, $5, $6, $7::jsonb)
)sql"};
constexpr pg::Sql kEndStep{"jobs.step_end", R"sql(
  update public.job_steps
     set state = $3, finished_at = now(), output = coalesce(nullif($4, '')::jsonb, output), error_code = nullif($5, ''),
         cpu_ms = coalesce(($6::jsonb ->> 'cpu_ms')::bigint, cpu_ms),
         peak_kb = coalesce(($6::jsonb ->> 'peak_kb')::bigint, peak_kb),
         bytes_in = coalesce(($6::jsonb ->> 'bytes_in')::bigint, bytes_in),
         bytes_out = coalesce(($6::jsonb ->> 'bytes_out')::bigint, bytes_out),
         credits = coalesce(($6::jsonb ->> 'credits')::int, credits)
   where job_id = $1 and n = $2
)sql"};
constexpr pg::Sql kReveal{"jobs.asset_reveal", R"sql(
  update public.assets set type = 'output'
   where job_id = $1 and type = 'intermediate' and split_part(path, '/', 1) = $2
)sql"};
constexpr pg::Sql kHeldBy{"jobs.queue_held_by", R"sql(
  select id, fence, cancel_requested_at is not null from public.jobs where lease_id = $1 and status = 'PROCESSING'
)sql"};
constexpr pg::Sql kReleaseClaim{"jobs.claim_release", R"sql(select tenon.release_job($1, $2, $3))sql"};
constexpr pg::Sql kNotifyProgress{"jobs.progress_notify", R"sql(
  select pg_notify('tenon_progress', job)::text from unnest($1::text[]) as job
)sql"};
constexpr pg::Sql kRescue{"jobs.maintenance_rescue", R"sql(select tenon.reap_expired_leases($1, $2))sql"};
constexpr pg::Sql kRescueExternal{"jobs.maintenance_rescue_external",
                                  R"sql(select tenon.reap_silent_workers($1, $2, $3))sql"};
constexpr pg::Sql kSettle{"jobs.maintenance_settle", R"sql(select tenon.settle_finished_jobs())sql"};
constexpr pg::Sql kPromote{"jobs.maintenance_promote", R"sql(select tenon.promote_due_jobs())sql"};
constexpr pg::Sql kSealAudit{"jobs.maintenance_seal_audit", R"sql(select tenon.seal_audit())sql"};
constexpr pg::Sql kPrune{"jobs.maintenance_prune", R"sql(select tenon.prune())sql"};
constexpr pg::Sql kPruneAuth{"jobs.maintenance_prune_auth", R"sql(select tenon.prune_auth())sql"};

// jobs.error_message, for clients that read the column; our own pages and emails use code and parameters.
constexpr const char* kColumnLanguage = "en";
// More rounds than any healthy system needs; the rest comes two seconds later.
constexpr int kMaxRounds = 200;

ClaimStatus status_of(const std::string& word) {
  if (word == "ok") return ClaimStatus::valid;
  return word == "cancel" ? ClaimStatus::cancelled : ClaimStatus::lost;
}

}  // namespace

pg::As as_worker() { return pg::as_service("the worker runs everybody's jobs"); }

Task<std::int64_t> open_lease(pg::Db& db, std::string worker, std::string host, int seconds) {
  co_return co_await db.as(as_worker()).one<std::int64_t>(kOpenLease, worker, host, seconds);
}
Task<bool> heartbeat(pg::Db& db, std::int64_t lease, int seconds) {
  co_return co_await db.as(as_worker()).one<bool>(kHeartbeat, lease, seconds);
}
Task<std::vector<HeldJob>> held_by(pg::Db& db, std::int64_t lease) {
  co_return co_await db.as(as_worker()).many<HeldJob>(kHeldBy, lease);
}
Task<> close_lease(pg::Db& db, std::int64_t lease) { co_await db.as(as_worker()).run(kCloseLease, lease); }
Task<std::vector<ClaimedJob>> claim(pg::Db& db, std::string lane, std::string worker, std::int64_t lease, int n) {
  co_return co_await db.as(as_worker()).many<ClaimedJob>(kClaim, lane, worker, lease, n);
}
Task<int> admit_burst(pg::Db& db, std::string lane, int n) {
  co_return co_await db.as(as_worker()).one<std::int32_t>(kBurst, lane, n);
}
Task<std::vector<StepDone>> steps_done(pg::Db& db, core::JobId job) {
  co_return co_await db.as(as_worker()).many<StepDone>(kStepsDone, job);
}
Task<ClaimStatus> set_progress(pg::Db& db, JobClaim held, int progress) {
  const std::string word =
      co_await db.as(as_worker()).one<std::string>(kSetProgress, held.job, held.lease, held.fence, progress);
  co_return status_of(word);
}
Task<ClaimStatus> checkpoint(pg::Tx& tx, const JobClaim& held, const StepRow& step) {
  const std::string word =
      co_await tx.one<std::string>(kCheckpoint, held.job, held.lease, held.fence, step.n, step.name, step.state,
                                   step.progress, step.output, step.error_code, step.meter, step.assets);
  co_return status_of(word);
}
Task<bool> finish(pg::Tx& tx, const JobClaim& held, const JobResult& result) {
  const std::string message = result.ok ? "" : error_text(kColumnLanguage, result.error);
  const std::string params = params_json(result.error.params);
  const std::string word =
      co_await tx.one<std::string>(kFinish, held.job, held.lease, held.fence, result.ok, result.cost, result.error.code,
                                   message, result.assets, result.metering, params);
  co_return word == "done";
}
Task<AttemptOutcome> fail_attempt(pg::Tx& tx, const JobClaim& held, const JobError& error, int delay_seconds) {
  const std::string message = error_text(kColumnLanguage, error);
  const std::string params = params_json(error.params);
  const std::string word = co_await tx.one<std::string>(kFailAttempt, held.job, held.lease, held.fence, error.code,
                                                        message, delay_seconds, params);
  if (word == "retry") co_return AttemptOutcome::retry;
  if (word == "failed") co_return AttemptOutcome::failed;
  co_return word == "cancelled" ? AttemptOutcome::cancelled : AttemptOutcome::lost;
}
Task<> end_step(pg::Tx& tx, const JobClaim& held, const StepRow& step) {
  co_await tx.run(kEndStep, held.job, step.n, step.state, step.output, step.error_code, step.meter);
}
Task<> reveal_outputs(pg::Tx& tx, core::JobId job) { co_await tx.run(kReveal, job, std::string(storage::kOutputs)); }
Task<> release_claim(pg::Db& db, JobClaim held) {
  co_await db.as(as_worker()).one<std::string>(kReleaseClaim, held.job, held.lease, held.fence);
}
Task<> notify_progress(pg::Db& db, std::vector<std::string> jobs) {
  co_await db.as(as_worker()).run(kNotifyProgress, jobs);
}

Task<> run_maintenance(pg::Db& db, int external_seconds) {
  const std::string crashed = error_text(kColumnLanguage, {"WORKER_CRASHED"});
  const std::string cancelled = error_text(kColumnLanguage, {"CANCELLED"});
  for (int i = 0; i < kMaxRounds; ++i)
    if (co_await db.as(as_worker()).one<std::int32_t>(kRescue, crashed, cancelled) <= 0) break;
  for (int i = 0; i < kMaxRounds; ++i)
    if (co_await db.as(as_worker()).one<std::int32_t>(kRescueExternal, external_seconds, crashed, cancelled) <= 0)
      break;
  for (int i = 0; i < kMaxRounds; ++i)
    if (co_await db.as(as_worker()).one<std::int32_t>(kSettle) <= 0) break;
  for (int i = 0; i < kMaxRounds; ++i)
    if (co_await db.as(as_worker()).one<std::int32_t>(kPromote) <= 0) break;
  co_await db.as(as_worker()).one<std::int32_t>(kSealAudit);
}

Task<> prune(pg::Db& db) {
  for (const pg::Sql& what : {kPrune, kPruneAuth})
    for (int i = 0; i < kMaxRounds; ++i)
      if (co_await db.as(as_worker()).one<std::int32_t>(what) <= 0) break;
}

}  // namespace jobs
