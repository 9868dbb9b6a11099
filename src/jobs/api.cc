#include "jobs/api.h"

#include "billing/billing.h"
#include "core/problem.h"
#include "core/text.h"
#include "html/html.h"
#include "jobs/start.h"
#include "projects/projects.h"

namespace jobs {
namespace {

Task<std::string> current_json(Jobs& jobs, core::UserId user, core::JobId id) {
  const JobRow job = co_await own_job(jobs, user, id);
  const std::vector<StepInfo> steps = co_await steps_of(jobs.db, user, id);
  std::optional<Place> place;
  if (job.status == "QUEUED") place = co_await place_of(jobs.db, id);
  co_return job_json(job, steps, place);
}

http::Response created(const Started& started) {
  return http::json(started.body, 201).header("Location", "/api/jobs/" + started.job.str());
}

}  // namespace

Task<http::Response> create(Jobs& jobs, http::Request& rq) {
  const core::Json body = rq.body.empty() ? core::Json{} : rq.json();
  const std::string key = checked_key(rq.header("idempotency-key"));
  const projects::ProjectInputs held = co_await own_project(jobs, rq.caller.user, rq.id<core::ProjectId>("id"));
  co_return created(co_await start_once(jobs, held, body["pipeline"].string_or(""), key));
}

Task<http::Response> list(Jobs& jobs, http::Request& rq) {
  const std::vector<JobRow> rows = co_await jobs_of(jobs.db, rq.caller.user, rq.id<core::ProjectId>("id"), 50);
  core::JsonWriter w;
  w.begin_array();
  for (const JobRow& row : rows) w.raw(job_json(row, {}));
  w.end_array();
  co_return http::json(w.take());
}

Task<http::Response> quote(Jobs& jobs, http::Request& rq) {
  const projects::ProjectInputs held = co_await own_project(jobs, rq.caller.user, rq.id<core::ProjectId>("id"));
  const Price price = co_await price_of(jobs, held, rq.query("pipeline").value_or(""));
  core::JsonWriter w;
  w.begin().field("credits", price.inputs == 0 ? 0 : price.quote.credits).field("seconds", price.quote.seconds);
  w.field("inputs", price.inputs).field("balance", price.balance).field("pipeline", price.pipeline);
  w.field("enough", price.balance >= price.quote.credits).end();
  co_return http::json(w.take());
}

Task<http::Response> estimate(Jobs& jobs, http::Request& rq) {
  const auto inputs = core::parse_int(rq.query("inputs").value_or(""));
  const std::int64_t most = jobs.projects.rules.most;
  if (!inputs || *inputs < 0 || *inputs > most) throw core::Problem(400, "jobs.invalid_inputs", {{"most", most}});
  const Quote quote = jobs.pipelines.front().quote(std::vector<Input>(static_cast<std::size_t>(*inputs)));
  const std::int64_t balance = co_await billing::balance(jobs.db, rq.caller.user);
  const std::int64_t credits = *inputs == 0 ? 0 : quote.credits;
  const std::string locale = html::locale_of(rq);
  const std::string text = html::text(locale, credits <= balance ? "jobs.estimate.enough" : "jobs.estimate.too_few",
                                      {{"credits", html::pluralize(locale, "jobs.page.credits", credits)},
                                       {"balance", html::pluralize(locale, "jobs.page.credits", balance)}});
  core::JsonWriter w;
  w.begin().field("credits", credits).field("seconds", *inputs == 0 ? 0.0 : quote.seconds).field("inputs", *inputs);
  w.field("balance", balance).field("enough", balance >= credits).field("text", text).end();
  co_return http::json(w.take());
}

Task<http::Response> show(Jobs& jobs, http::Request& rq) {
  const std::string body = co_await current_json(jobs, rq.caller.user, rq.id<core::JobId>("id"));
  co_return http::json(body);
}

Task<http::Response> cancel_by_api(Jobs& jobs, http::Request& rq) {
  const JobRow job = co_await own_job(jobs, rq.caller.user, rq.id<core::JobId>("id"));
  const Cancelled outcome = co_await cancel(jobs, job);
  if (outcome == Cancelled::already_finished) throw core::Problem(409, "jobs.job_finished");
  const std::string body = co_await current_json(jobs, rq.caller.user, job.id);
  co_return http::json(body, outcome == Cancelled::requested ? 202 : 200);
}

Task<http::Response> retry_by_api(Jobs& jobs, http::Request& rq) {
  const JobRow job = co_await own_job(jobs, rq.caller.user, rq.id<core::JobId>("id"));
  const std::string key = checked_key(rq.header("idempotency-key"));
  co_return created(co_await retry(jobs, rq.caller.user, job, key));
}

Task<http::Response> outputs(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::JobId>("id");
  co_await own_job(jobs, rq.caller.user, id);
  const std::vector<Output> made = co_await outputs_of(jobs.db, rq.caller.user, id);
  const core::Time expires = jobs.clock.now() + std::chrono::seconds(kLinkSeconds);
  core::JsonWriter w;
  w.begin_array();
  for (const Output& one : made) {
    w.begin().field("name", one.name).field("size", one.size);
    w.field("url", jobs.storage.signed_url(one.bucket, one.key, kLinkSeconds, one.name));
    w.field("expires_at", core::rfc3339(expires)).end();
  }
  w.end_array();
  co_return http::json(w.take());
}

}  // namespace jobs
