// The forms of a project's page: start, cancel and retry a job. Each answers 303 back to the page.
#include "core/problem.h"
#include "jobs/start.h"
#include "jobs/views.h"
#include "projects/projects.h"

namespace jobs {
namespace {

http::Response back_to(core::ProjectId project) { return http::redirect("/app/projects/" + project.str()); }

// For what the user can put right on the page; anything else is an error page.
http::Response back_with(core::ProjectId project, const core::Problem& problem) {
  if (problem.status != 400 && problem.status != 402 && problem.status != 409 && problem.status != 422) throw problem;
  return http::redirect("/app/projects/" + project.str() + "?problem=" + projects::problem_key(problem));
}

}  // namespace

Task<http::Response> job_page(Jobs& jobs, http::Request& rq) {
  const JobRow job = co_await own_job(jobs, rq.caller.user, rq.id<core::JobId>("id"));
  co_return back_to(job.project);
}

Task<http::Response> start_form(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  const std::string key = checked_key(rq.form("once"));
  projects::ProjectInputs held = co_await own_project(jobs, rq.caller.user, id);
  try {
    co_await projects::save_fields(jobs.projects, held, rq);
    co_await start_once(jobs, held, rq.form("pipeline"), key);
  } catch (const core::Problem& problem) {
    co_return back_with(id, problem);
  }
  co_return back_to(id);
}

Task<http::Response> cancel_form(Jobs& jobs, http::Request& rq) {
  const JobRow job = co_await own_job(jobs, rq.caller.user, rq.id<core::JobId>("id"));
  const Cancelled outcome = co_await cancel(jobs, job);
  if (outcome == Cancelled::already_finished) co_return back_with(job.project, core::Problem(409, "jobs.job_finished"));
  co_return back_to(job.project);
}

Task<http::Response> retry_form(Jobs& jobs, http::Request& rq) {
  const JobRow job = co_await own_job(jobs, rq.caller.user, rq.id<core::JobId>("id"));
  const std::string key = checked_key(rq.form("once"));
  try {
    co_await retry(jobs, rq.caller.user, job, key);
  } catch (const core::Problem& problem) {
    co_return back_with(job.project, problem);
  }
  co_return back_to(job.project);
}

}  // namespace jobs
