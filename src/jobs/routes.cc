#include "jobs/api.h"
#include "jobs/event_stream.h"
#include "jobs/subscriptions.h"
#include "jobs/views.h"
#include "projects/projects.h"

namespace jobs {

using http::Access;
using http::with;

Jobs::Jobs(projects::Projects& the_projects, pg::Listener& listener, const Pipelines& the_pipelines)
    : projects(the_projects),
      db(the_projects.db),
      storage(the_projects.storage),
      clock(the_projects.clock),
      pipelines(the_pipelines),
      subscriptions(std::make_unique<JobSubscriptions>(listener)) {}
Jobs::~Jobs() = default;

void mount(http::Router& r, Jobs& jobs) {
  const http::Limits endless{.body = 0, .deadline = std::chrono::seconds(0)};
  r.post("/api/projects/{id}/jobs", Access::user, with(jobs, create));
  r.get("/api/projects/{id}/jobs", Access::user, with(jobs, list));
  r.get("/api/projects/{id}/quote", Access::user, with(jobs, quote));
  r.get("/api/quote", Access::user, with(jobs, estimate));
  r.get("/api/jobs/{id}", Access::user, with(jobs, show));
  r.post("/api/jobs/{id}/cancel", Access::user, with(jobs, cancel_by_api));
  r.post("/api/jobs/{id}/retry", Access::user, with(jobs, retry_by_api));
  r.get("/api/jobs/{id}/events", Access::user, with(jobs, job_events), endless);
  r.get("/api/jobs/{id}/outputs", Access::user, with(jobs, outputs));
  r.post("/api/internal/notify", Access::internal, with(jobs, notify));
  r.get("/app/events", Access::user, with(jobs, user_events), endless);
  r.get("/app/projects/{id}", Access::user, with(jobs, project_page));
  r.post("/app/projects/{id}/jobs", Access::user, with(jobs, start_form));
  r.get("/app/jobs/{id}", Access::user, with(jobs, job_page));
  r.post("/app/jobs/{id}/cancel", Access::user, with(jobs, cancel_form));
  r.post("/app/jobs/{id}/retry", Access::user, with(jobs, retry_form));
}

}  // namespace jobs
