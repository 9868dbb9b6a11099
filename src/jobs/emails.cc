#include "jobs/emails.h"

#include "billing/billing.h"
#include "html/html.h"

namespace jobs {

using core::Task;

namespace {

constexpr pg::Sql kFinished{"jobs.finished_read", R"sql(
  select j.user_id, p.id, p.title, coalesce(j.error_message, '')
    from public.jobs j join public.projects p on p.id = j.project_id
   where j.id = $1
)sql"};
struct Finished {  // in select order
  core::UserId user;
  core::ProjectId project;
  std::string title;
  std::string reason;
};

Task<std::optional<mail::FinishedJob>> read(pg::Db& db, core::JobId id, std::string locale) {
  auto job = co_await db.as(pg::as_service("the worker sends everybody's email")).maybe<Finished>(kFinished, id);
  if (!job) co_return std::nullopt;
  const std::int64_t returned = co_await billing::released_credits(db, job->user, id);
  mail::FinishedJob out{job->project, std::move(job->title), html::retold(locale, job->reason), returned};
  co_return out;
}

}  // namespace

mail::FindFinishedJob find_finished_job(pg::Db& db) {
  return [&db](core::JobId id, std::string locale) { return read(db, id, std::move(locale)); };
}

}  // namespace jobs
