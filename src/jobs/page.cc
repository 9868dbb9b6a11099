// /app/projects/{id}: what the project is made of, what its newest job does or did, and what it made.
#include <algorithm>

#include "billing/billing.h"
#include "core/problem.h"
#include "html/format.h"
#include "jobs/api.h"
#include "jobs/start.h"
#include "jobs/views.h"

namespace jobs {

std::string step_label(std::string_view locale, std::string_view step) {
  const std::string key = "pipeline.step." + std::string(step);
  std::string label = html::text(locale, key);
  return label == key ? std::string(step) : label;
}

namespace {

std::int64_t seconds_between(core::Time from, core::Time to) {
  return std::max<std::int64_t>(0, core::unix_seconds(to) - core::unix_seconds(from));
}

std::string credits_text(const std::string& locale, std::int64_t n) {
  return html::text(locale, n == 1 ? "jobs.page.credit" : "jobs.page.credits", {{"n", html::number(n)}});
}

html::Rows step_rows(const Jobs& jobs, const std::string& locale, const JobRow& job,
                     const std::vector<StepInfo>& done) {
  html::Rows rows;
  const Pipeline* pipeline = find(jobs.pipelines, job.pipeline);
  if (!pipeline) return rows;
  for (const Pipeline::Entry& entry : pipeline->steps()) {
    const auto info = std::find_if(done.begin(), done.end(), [&](const StepInfo& s) { return s.name == entry.name; });
    std::string state = info == done.end() ? "waiting" : info->state;
    // A worker that died left its step running; the job says how that ended.
    if (state == "running" && job.status == "FAILED") state = "failed";
    html::Data row;
    row.set("step", entry.name).set("label", step_label(locale, entry.name)).set("state", state);
    row.set("took", info != done.end() && info->finished_at
                        ? html::duration(seconds_between(info->started_at, *info->finished_at))
                        : "");
    rows.push_back(std::move(row));
  }
  return rows;
}

Task<html::Rows> output_rows(Jobs& jobs, const std::string& locale, core::UserId user, core::JobId job) {
  std::vector<Output> outputs = co_await outputs_of(jobs.db, user, job);
  // What can be watched comes first.
  std::ranges::sort(outputs, {}, [](const Output& o) { return std::pair(!o.mime.starts_with("video/"), o.name); });
  html::Rows rows;
  for (const Output& one : outputs) {
    const std::string key = "pipeline.output." + one.name;
    const std::string label = html::text(locale, key);
    html::Data row;
    row.set("name", one.name).set("label", label == key ? "" : label).set("size", html::bytes(one.size));
    row.set("href", jobs.storage.signed_path(one.bucket, one.key, kLinkSeconds, one.name));
    row.set("video", one.mime.starts_with("video/") ? jobs.storage.signed_path(one.bucket, one.key, kLinkSeconds) : "");
    rows.push_back(std::move(row));
  }
  co_return rows;
}

std::string place_text(const std::string& locale, const Place& place) {
  if (place.waiting_for_own) return html::text(locale, "jobs.page.behind_own");
  if (place.ahead == 0) return html::text(locale, "jobs.page.next_in_line");
  return html::text(locale, "jobs.page.ahead", {{"n", html::number(place.ahead)}});
}

Task<> tell_running(Jobs& jobs, const std::string& locale, const JobRow& job, const std::vector<StepInfo>& steps,
                    html::Data& data) {
  const auto running = std::find_if(steps.begin(), steps.end(), [](const StepInfo& s) { return s.state == "running"; });
  std::string said =
      running == steps.end() ? html::text(locale, "jobs.live.working") : step_label(locale, running->name);
  if (job.status == "QUEUED") {
    const Place place = co_await place_of(jobs.db, job.id);
    said = place_text(locale, place);
  }
  if (job.cancel_requested) said = html::text(locale, "jobs.page.cancelling");
  data.set("running", true).set("step_text", said).set("can_cancel", !job.cancel_requested);
  data.set("refresh", "2");
}

Task<> tell_end(Jobs& jobs, const std::string& locale, core::UserId user, const JobRow& job, html::Data& data) {
  const std::int64_t back = co_await billing::released(jobs.db, user, job.id);
  data.set("cost", credits_text(locale, job.final_cost));
  if (back > 0)
    data.set("returned", html::text(locale, "jobs.page.returned", {{"credits", credits_text(locale, back)}}));
  if (job.started_at && job.finished_at)
    data.set("took", html::duration(seconds_between(*job.started_at, *job.finished_at)));
  if (job.finished_at) data.set("finished", html::when(*job.finished_at));
  if (job.status == "READY") {
    html::Rows outputs = co_await output_rows(jobs, locale, user, job.id);
    data.set("ready", true).set("outputs", std::move(outputs));
    co_return;
  }
  const bool cancelled = job.error_code.value_or("") == "CANCELLED";
  data.set("failed", !cancelled).set("cancelled", cancelled);
  data.set("reason", job.error_message.value_or("")).set("code", job.error_code.value_or(""));
}

void tell_price(const std::string& locale, const Price& price, bool again, html::Data& data) {
  html::Data offer;
  const bool enough = price.balance >= price.quote.credits;
  offer.set("credits", credits_text(locale, price.quote.credits));
  offer.set("balance", credits_text(locale, price.balance));
  offer.set("length",
            price.quote.seconds > 0 ? html::duration(static_cast<std::int64_t>(price.quote.seconds + 0.5)) : "");
  offer.set("enough", enough).set("again", again);
  offer.set("short_of", enough ? ""
                               : html::text(locale, "jobs.page.too_few",
                                            {{"credits", credits_text(locale, price.quote.credits)},
                                             {"balance", credits_text(locale, price.balance)}}));
  data.set("offer", std::move(offer));
}

http::Response back_to(core::ProjectId project, const std::string& said = "") {
  return http::redirect("/app/projects/" + project.str() + said);
}

bool can_be_said_on_the_page(const core::Problem& problem) {
  return problem.status == 402 || problem.status == 409 || problem.status == 422;
}

}  // namespace

Task<http::Response> project_page(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  const core::UserId user = rq.caller.user;
  const std::optional<projects::Project> project = co_await projects::find(jobs.db, user, id);
  if (!project) http::throw_not_found();
  const std::vector<projects::Asset> inputs = co_await projects::inputs(jobs.db, user, id);
  const std::optional<JobRow> job = co_await latest_job(jobs.db, user, id);
  const bool running = job && !job->finished();
  const std::string locale = html::locale_of(rq);

  html::Data data;
  data.set("title", project->title)
      .set("project", projects::project_view(*project))
      .set("live", true)
      .set("upload", true);
  data.set("status", job && job->error_code == "CANCELLED" ? "cancelled" : project->status);
  data.set("project_id", id.str());
  if (job) {
    const std::vector<StepInfo> steps = co_await steps_of(jobs.db, user, job->id);
    html::Data shown;
    shown.set("id", job->id.str()).set("progress", std::to_string(job->progress));
    shown.set("steps", step_rows(jobs, locale, *job, steps));
    if (running) co_await tell_running(jobs, locale, *job, steps, shown);
    else co_await tell_end(jobs, locale, user, *job, shown);
    data.set("job", std::move(shown));
    if (running) data.set("refresh", "2").set("events", "/api/jobs/" + job->id.str() + "/events");
  }
  if (!running && !inputs.empty()) {
    const Price price = co_await price_of(jobs, user, id, "");
    tell_price(locale, price, job.has_value(), data);
  }
  projects::Projects shelf{jobs.loop, jobs.db, jobs.storage, jobs.clock};
  data.set("photographs", projects::inputs_view(shelf, *project, inputs,
                                                running ? projects::Inputs::fixed : projects::Inputs::can_change));
  data.set("can_delete", !running);
  co_return html::page(rq, "jobs/project", std::move(data));
}

Task<http::Response> start_form(Jobs& jobs, http::Request& rq) {
  const auto project = rq.id<core::ProjectId>("id");
  std::string said;
  try {
    co_await start_once(jobs, rq.caller.user, project, std::string(rq.form("pipeline")), "");
  } catch (const core::Problem& problem) {
    if (!can_be_said_on_the_page(problem)) throw;
    said = "?problem=jobs." + problem.code;
  }
  co_return back_to(project, said);
}

Task<http::Response> cancel_form(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::JobId>("id");
  const std::optional<JobRow> job = co_await find_job(jobs.db, rq.caller.user, id);
  if (!job) http::throw_not_found();
  const Cancelled outcome = co_await cancel(jobs, rq.caller.user, id);
  co_return back_to(job->project, outcome == Cancelled::finished_before ? "?problem=jobs.job_finished" : "");
}

Task<http::Response> retry_form(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::JobId>("id");
  const std::optional<JobRow> job = co_await find_job(jobs.db, rq.caller.user, id);
  if (!job) http::throw_not_found();
  std::string said;
  try {
    co_await retry(jobs, rq.caller.user, id);
  } catch (const core::Problem& problem) {
    if (!can_be_said_on_the_page(problem)) throw;
    said = "?problem=jobs." + problem.code;
  }
  co_return back_to(job->project, said);
}

}  // namespace jobs
