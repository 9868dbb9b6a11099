#include "jobs/emails.h"

#include "billing/billing.h"
#include "jobs/job_error.h"

namespace jobs {

using core::Task;

namespace {

constexpr pg::Sql kFinished{"jobs.finished_read", R"sql(
  select j.user_id, p.id, p.title, coalesce(j.error_code, ''), j.error_params, coalesce(j.error_message, '')
    from public.jobs j join public.projects p on p.id = j.project_id
   where j.id = $1
)sql"};
struct Finished {  // in select order
  core::UserId user;
  core::ProjectId project;
  std::string title;
  std::string error_code;
  pg::Json error_params;
  std::string error_message;
};

std::string reason(const Finished& job, const std::string& locale) {
  if (job.error_code.empty()) return job.error_message;
  const core::Json params = core::Json::parse(job.error_params.text).value_or(core::Json{});
  return error_text(locale, {job.error_code, params_from(params)}, job.error_message);
}

Task<std::optional<mail::FinishedJob>> read(pg::Db& db, core::JobId id, std::string locale) {
  auto job = co_await db.as(pg::as_service("the worker sends everybody's email")).maybe<Finished>(kFinished, id);
  if (!job) co_return std::nullopt;
  const std::int64_t returned = co_await billing::released_credits(db, job->user, id);
  mail::FinishedJob out{job->project, job->title, reason(*job, locale), returned};
  co_return out;
}

}  // namespace

mail::FindFinishedJob find_finished_job(pg::Db& db) {
  return [&db](core::JobId id, std::string locale) { return read(db, id, std::move(locale)); };
}

}  // namespace jobs
