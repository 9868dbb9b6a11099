// A worker written elsewhere says that a job has ended. All but the id is read from the row; the mail goes out once,
// whoever else queued it. Of a job that has not ended yet nothing is told: its end tells it.
#include "core/problem.h"
#include "html/html.h"
#include "mail/pages.h"

namespace mail {
namespace {

constexpr pg::Sql kJob{"mail.job_read_end", R"sql(
  select user_id, project_id, status::text, coalesce(error_code, '') from public.jobs where id = $1
)sql"};
struct Job {
  core::UserId user;
  core::ProjectId project;
  std::string status;
  std::string code;
};

std::string_view kind_of(const Job& job) {
  if (job.status == "READY") return "job_completed";
  if (job.status == "FAILED" && job.code != "CANCELLED") return "job_failed";
  return "";
}

enum class Told { yes, no_job };

Task<Told> tell(pg::Tx& tx, core::JobId id) {
  const auto job = co_await tx.maybe<Job>(kJob, id);
  if (!job) co_return Told::no_job;
  const std::string_view kind = kind_of(*job);
  if (kind.empty()) co_return Told::yes;
  core::JsonWriter extra;
  extra.begin().field("job_id", id).field("project_id", job->project).end();
  co_await outbox::queue_mail(tx, job->user, kind, id.str(), extra.take());
  co_return Told::yes;
}

}  // namespace

Task<http::Response> notify(Mail& mail, http::Request& rq) {
  const auto job = core::JobId::parse(rq.json()["jobId"].string_or(""));
  if (!job) throw core::Problem(400, "bad_job_id", html::text("en", "mail.notify.bad_body"));
  const Told told = co_await mail.db.in(pg::as_service("a worker calls, not a user"), tell, *job);
  if (told == Told::no_job) throw core::Problem(404, "not_found", html::text("en", "mail.notify.no_job"));
  co_return http::json(R"({"accepted":true})", 202);
}

}  // namespace mail
