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

std::string running_text(std::string_view locale, std::string_view step, int progress, std::int64_t seconds_so_far) {
  std::string said = step.empty() ? html::text(locale, "jobs.live.working") : step_label(locale, step);
  if (progress < 10 || seconds_so_far < 3) return said;
  const std::int64_t left = std::max<std::int64_t>(1, seconds_so_far * (100 - progress) / progress);
  const std::string rest = left < 90 ? html::pluralize(locale, "jobs.live.seconds_left", left)
                                     : html::pluralize(locale, "jobs.live.minutes_left", (left + 30) / 60);
  return html::text(locale, "jobs.live.step_and_rest", {{"step", said}, {"rest", rest}});
}

std::string doing_text(std::string_view locale, const Doing& doing) {
  if (doing.cancelling) return html::text(locale, "jobs.page.cancelling");
  if (!doing.place) return running_text(locale, doing.step, doing.progress, doing.seconds_so_far);
  if (doing.place->waiting_for_own) return html::text(locale, "jobs.page.behind_own");
  if (doing.place->ahead == 0) return html::text(locale, "jobs.page.next_in_line");
  return html::pluralize(locale, "jobs.page.ahead", doing.place->ahead);
}

std::string returned_text(std::string_view locale, std::int64_t credits) {
  return html::text(locale, "jobs.page.returned", {{"credits", html::pluralize(locale, "jobs.page.credits", credits)}});
}

namespace {

std::int64_t seconds_between(core::Time from, core::Time to) {
  return std::max<std::int64_t>(0, core::unix_seconds(to) - core::unix_seconds(from));
}

std::string credits_text(const std::string& locale, std::int64_t n) {
  return html::pluralize(locale, "jobs.page.credits", n);
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
    row.set("name", one.name).set("label", label == key ? "" : label).set("size", html::bytes(one.size, locale));
    row.set("is_video", one.mime.starts_with("video/")).set("is_archive", one.name.ends_with(".zip"));
    row.set("is_text", !one.mime.starts_with("video/") && !one.name.ends_with(".zip"));
    row.set("href", jobs.storage.signed_path(one.bucket, one.key, kLinkSeconds, one.name));
    row.set("video", one.mime.starts_with("video/") ? jobs.storage.signed_path(one.bucket, one.key, kLinkSeconds) : "");
    rows.push_back(std::move(row));
  }
  co_return rows;
}

// What the title of the page says of a job that has not ended; live.js keeps the figure.
std::string title_state(const std::string& locale, const JobRow& job, const Doing& doing) {
  if (doing.cancelling) return html::text(locale, "jobs.page.cancelling");
  if (job.status == "QUEUED") return html::text(locale, "jobs.status.queued");
  return html::text(
      locale, "jobs.page.title_running",
      {{"step", running_text(locale, doing.step, 0, 0)}, {"progress", html::percent(doing.progress, locale)}});
}

Task<> tell_running(Jobs& jobs, const std::string& locale, const JobRow& job, const std::vector<StepInfo>& steps,
                    html::Data& page, html::Data& data) {
  const auto running = std::find_if(steps.begin(), steps.end(), [](const StepInfo& s) { return s.state == "running"; });
  Doing doing;
  doing.cancelling = job.cancel_requested;
  if (job.status == "QUEUED") doing.place = co_await place_of(jobs.db, job.id);
  if (running != steps.end()) doing.step = running->name;
  doing.progress = job.progress;
  if (job.started_at) doing.seconds_so_far = seconds_between(*job.started_at, jobs.clock.now());
  data.set("running", true)
      .set("queued", job.status == "QUEUED")
      .set("step_text", doing_text(locale, doing))
      .set("can_cancel", !job.cancel_requested);
  page.set("title_state", title_state(locale, job, doing)).set("refresh", "2");
  page.set("counts", job.status == "PROCESSING" && !doing.cancelling);
}

Task<> tell_end(Jobs& jobs, const std::string& locale, core::UserId user, const JobRow& job, std::int64_t back,
                html::Data& data) {
  data.set("cost", credits_text(locale, job.final_cost));
  if (back > 0) data.set("returned", returned_text(locale, back));
  data.set("back", back > 0 ? "+" + html::number(back, locale) : "");
  if (job.status == "READY") {
    html::Rows outputs = co_await output_rows(jobs, locale, user, job.id);
    data.set("ready", true).set("outputs", std::move(outputs));
    co_return;
  }
  const bool cancelled = job.error_code.value_or("") == "CANCELLED";
  data.set("failed", !cancelled).set("cancelled", cancelled);
  data.set("reason", html::retold(locale, job.error_message.value_or(""))).set("code", job.error_code.value_or(""));
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

std::string done_text(const std::string& locale, const StepInfo& step) {
  const std::string label = step_label(locale, step.name);
  const std::string took = html::duration(seconds_between(step.started_at, *step.finished_at));
  if (step.state == "failed")
    return html::text(locale, "jobs.log.step_failed", {{"step", label}, {"code", step.error_code.value_or("")}});
  if (step.state == "skipped") return html::text(locale, "jobs.log.step_skipped", {{"step", label}});
  if (!step.cpu_ms) return html::text(locale, "jobs.log.step_done", {{"step", label}, {"took", took}});
  return html::text(locale, "jobs.log.step_measured",
                    {{"step", label},
                     {"took", took},
                     {"cpu", html::duration((*step.cpu_ms + 500) / 1000)},
                     {"out", html::bytes(static_cast<std::uint64_t>(step.bytes_out.value_or(0)), locale)}});
}

// What happened so far, oldest first: told from the job's own rows, which outlive every worker.
html::Rows log_rows(const std::string& locale, const JobRow& job, const std::vector<StepInfo>& steps,
                    std::int64_t reserved) {
  html::Rows rows;
  const auto add = [&](core::Time at, std::string said) {
    rows.push_back(html::Data{}.set("at", html::when(at, locale)).set("said", std::move(said)));
  };
  add(job.created_at, html::text(locale, "jobs.log.queued", {{"credits", credits_text(locale, reserved)}}));
  if (job.started_at)
    add(*job.started_at, html::text(locale, "jobs.log.started", {{"n", html::number(job.attempt, locale)}}));
  for (const StepInfo& step : steps) {
    if (step.started_at < job.created_at) {  // kept from the run that this one goes on from
      add(job.created_at, html::text(locale, "jobs.log.step_kept", {{"step", step_label(locale, step.name)}}));
      continue;
    }
    if (step.finished_at) add(*step.finished_at, done_text(locale, step));
    else add(step.started_at, html::text(locale, "jobs.log.step_started", {{"step", step_label(locale, step.name)}}));
  }
  if (job.finished_at && job.status == "READY")
    add(*job.finished_at, html::text(locale, "jobs.log.ready", {{"credits", credits_text(locale, job.final_cost)}}));
  if (job.finished_at && job.status == "FAILED")
    add(*job.finished_at, html::text(locale, "jobs.log.failed", {{"code", job.error_code.value_or("")}}));
  return rows;
}

void tell_costs(const std::string& locale, const std::vector<StepInfo>& steps, std::int64_t reserved,
                html::Data& data) {
  html::Rows lines;
  for (const StepInfo& step : steps)
    if (step.credits.value_or(0) > 0)
      lines.push_back(
          html::Data{}.set("label", step_label(locale, step.name)).set("credits", html::number(*step.credits, locale)));
  data.set("lines", std::move(lines)).set("reserved", credits_text(locale, reserved));
  for (const StepInfo& step : steps)
    if (step.state == "failed") data.set("failed_step", std::to_string(step.n + 1));
}

Task<> tell_job(Jobs& jobs, const std::string& locale, core::UserId user, const JobRow& job, html::Data& page) {
  const std::vector<StepInfo> steps = co_await steps_of(jobs.db, user, job.id);
  html::Data shown;
  shown.set("id", job.id.str()).set("progress", std::to_string(job.progress)).set("status_word", job.status);
  // A settled job's row holds no reservation any more: it was what was charged and what came back.
  const std::int64_t back = job.finished() ? co_await billing::released_credits(jobs.db, user, job.id) : 0;
  const std::int64_t reserved = job.finished() ? job.final_cost + back : job.reserved;
  shown.set("steps", step_rows(jobs, locale, job, steps)).set("log", log_rows(locale, job, steps, reserved));
  tell_costs(locale, steps, reserved, shown);
  if (job.finished()) co_await tell_end(jobs, locale, user, job, back, shown);
  else co_await tell_running(jobs, locale, job, steps, page, shown);
  page.set("job", std::move(shown));
}

projects::Projects shelf_of(Jobs& jobs) { return {jobs.loop, jobs.db, jobs.storage, jobs.clock}; }

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

  const std::string status = job && job->error_code == "CANCELLED" ? "cancelled"
                             : running && job->status == "QUEUED"  ? "queued"
                                                                   : project->status;
  html::Data data;
  data.set("title", "jobs.page.title").set("name", project->title);
  data.set("title_state", "jobs.status." + status);
  data.set("project", projects::project_view(*project, locale)).set("upload", true).set("status", status);
  data.set("project_id", id.str());
  // A new one each time the page is made: a form sent twice starts one job.
  data.set("once", core::JobId::random().str());
  if (job) co_await tell_job(jobs, locale, user, *job, data);
  if (!running && !inputs.empty()) {
    const Price price = co_await price_of(jobs, user, id, "");
    tell_price(locale, price, job.has_value(), data);
  }
  projects::Projects shelf = shelf_of(jobs);
  const auto mode = running ? projects::Inputs::fixed : projects::Inputs::can_change;
  data.set("photographs", projects::inputs_view(shelf, *project, inputs, mode, locale));
  data.set("can_delete", !running).set("can_change", !running);
  co_return html::page(rq, "jobs/project", std::move(data));
}

Task<http::Response> job_page(Jobs& jobs, http::Request& rq) {
  const std::optional<JobRow> job = co_await find_job(jobs.db, rq.caller.user, rq.id<core::JobId>("id"));
  if (!job) http::throw_not_found();
  co_return back_to(job->project);
}

Task<http::Response> start_form(Jobs& jobs, http::Request& rq) {
  const auto project = rq.id<core::ProjectId>("id");
  std::string said;
  projects::Projects shelf = shelf_of(jobs);
  try {
    co_await projects::save_captions(shelf, rq.caller.user, project, rq);
  } catch (const core::Problem& problem) {
    if (problem.code != "invalid_caption") throw;
    co_return back_to(project, "?problem=projects.invalid_caption");
  }
  try {
    co_await start_once(jobs, rq.caller.user, project, std::string(rq.form("pipeline")), checked_key(rq.form("once")));
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
    co_await retry(jobs, rq.caller.user, id, checked_key(rq.form("once")));
  } catch (const core::Problem& problem) {
    if (!can_be_said_on_the_page(problem)) throw;
    said = "?problem=jobs." + problem.code;
  }
  co_return back_to(job->project, said);
}

}  // namespace jobs
