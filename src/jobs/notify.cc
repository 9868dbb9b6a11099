// POST /api/internal/notify: an external worker reports that a job has ended. Everything but the id is read from the
// row, and the email is queued once, whoever else has queued it. A job that is still running queues nothing.
#include "core/problem.h"
#include "jobs/api.h"
#include "outbox/outbox.h"

namespace jobs {

namespace {

constexpr pg::Sql kEnd{"jobs.end_read", R"sql(
  select user_id, project_id, status::text, coalesce(error_code, '') from public.jobs where id = $1
)sql"};
struct JobEnd {  // in select order
  core::UserId user;
  core::ProjectId project;
  std::string status;
  std::string error_code;
};

std::string_view email_kind_of(const JobEnd& job) {
  if (job.status == "READY") return "job_completed";
  if (job.status == "FAILED" && job.error_code != "CANCELLED") return "job_failed";
  return "";
}

enum class [[nodiscard]] Queued { yes, no_such_job };

Task<Queued> queue_email(pg::Tx& tx, core::JobId id) {
  const auto job = co_await tx.maybe<JobEnd>(kEnd, id);
  if (!job) co_return Queued::no_such_job;
  const std::string_view kind = email_kind_of(*job);
  if (kind.empty()) co_return Queued::yes;
  core::JsonWriter extra;
  extra.begin().field("job_id", id).field("project_id", job->project).end();
  co_await outbox::queue_mail(tx, job->user, kind, id.str(), extra.take());
  co_return Queued::yes;
}

}  // namespace

Task<http::Response> notify(Jobs& jobs, http::Request& rq) {
  const auto job = core::JobId::parse(rq.json()["jobId"].string_or(""));
  if (!job) throw core::Problem(400, "jobs.bad_job_id");
  const Queued queued = co_await jobs.db.in(pg::as_service("a worker calls, not a user"), queue_email, *job);
  if (queued == Queued::no_such_job) throw core::Problem(404, "jobs.not_found");
  co_return http::json(R"({"accepted":true})", 202);
}

}  // namespace jobs
