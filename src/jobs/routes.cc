#include "jobs/api.h"
#include "jobs/events.h"
#include "jobs/views.h"

namespace jobs {

using http::Access;
using http::with;

Jobs::Jobs(core::Loop& the_loop, pg::Db& the_db, pg::Listener& listener, storage::Storage& the_storage,
           core::Clock& the_clock, const Pipelines& the_pipelines)
    : loop(the_loop),
      db(the_db),
      storage(the_storage),
      clock(the_clock),
      pipelines(the_pipelines),
      hub(std::make_unique<Hub>(listener)) {}
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
  r.get("/api/jobs/{id}/events", Access::user, with(jobs, events), endless);
  r.get("/api/jobs/{id}/outputs", Access::user, with(jobs, outputs));
  r.post("/api/internal/notify", Access::internal, with(jobs, notify));
  r.get("/app/events", Access::user, with(jobs, news), endless);
  r.get("/app/projects/{id}", Access::user, with(jobs, project_page));
  r.post("/app/projects/{id}/jobs", Access::user, with(jobs, start_form));
  r.get("/app/jobs/{id}", Access::user, with(jobs, job_page));
  r.post("/app/jobs/{id}/cancel", Access::user, with(jobs, cancel_form));
  r.post("/app/jobs/{id}/retry", Access::user, with(jobs, retry_form));
}

}  // namespace jobs
