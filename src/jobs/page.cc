// /app/projects/{id}: the project's files, the state of its newest job, and its results.
#include <algorithm>

#include "billing/billing.h"
#include "html/format.h"
#include "jobs/api.h"
#include "jobs/start.h"
#include "jobs/views.h"
#include "projects/projects.h"

namespace jobs {

std::string step_label(std::string_view locale, std::string_view step) {
  const std::string key = "pipeline.step." + std::string(step);
  std::string label = html::text(locale, key);
  return label == key ? std::string(step) : label;
}

std::string running_text(std::string_view locale, std::string_view step, int progress, std::int64_t seconds_so_far) {
  std::string label = step.empty() ? html::text(locale, "jobs.live.working") : step_label(locale, step);
  if (progress < 10 || seconds_so_far < 3) return label;
  const std::int64_t left = std::max<std::int64_t>(1, seconds_so_far * (100 - progress) / progress);
  const std::string rest = left < 90 ? html::pluralize(locale, "jobs.live.seconds_left", left)
                                     : html::pluralize(locale, "jobs.live.minutes_left", (left + 30) / 60);
  return html::text(locale, "jobs.live.step_and_rest", {{"step", label}, {"rest", rest}});
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
    // A worker that died left the row of its step running.
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

// Players and previews come first, then everything else by name.
Task<html::Rows> output_rows(Jobs& jobs, const std::string& locale, core::UserId user, core::JobId job) {
  std::vector<Output> outputs = co_await outputs_of(jobs.db, user, job);
  std::ranges::sort(outputs, {}, [](const Output& o) { return std::pair(!o.mime.starts_with("video/"), o.name); });
  html::Rows rows;
  for (const Output& one : outputs) {
    const std::string key = "pipeline.output." + one.name;
    const std::string label = html::text(locale, key);
    const std::string kind = one.mime.substr(0, one.mime.find('/'));
    const bool archive = one.name.ends_with(".zip");
    const bool media = kind == "video" || kind == "audio" || kind == "image";
    html::Data row;
    row.set("name", one.name).set("label", label == key ? "" : label).set("size", html::bytes(one.size, locale));
    row.set("is_video", kind == "video").set("is_image", kind == "image").set("is_archive", archive);
    row.set("is_file", !archive && kind != "video" && kind != "image");
    row.set("href", jobs.storage.signed_path(one.bucket, one.key, kLinkSeconds, one.name));
    if (media) row.set(kind, jobs.storage.signed_path(one.bucket, one.key, kLinkSeconds));
    rows.push_back(std::move(row));
  }
  co_return rows;
}

// In the page's title while the job is not finished; live.js updates the figure.
std::string title_state(const std::string& locale, const JobRow& job, const Doing& doing) {
  if (doing.cancelling) return html::text(locale, "jobs.page.cancelling");
  if (job.status == "QUEUED") return html::text(locale, "projects.status.queued");
  return html::text(
      locale, "jobs.page.title_running",
      {{"step", running_text(locale, doing.step, 0, 0)}, {"progress", html::percent(doing.progress, locale)}});
}

Task<> add_running_view(Jobs& jobs, const std::string& locale, const JobRow& job, const std::vector<StepInfo>& steps,
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

Task<> add_result_view(Jobs& jobs, const std::string& locale, core::UserId user, const JobRow& job, std::int64_t back,
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
  data.set("reason", error_text(locale, error_of(job), job.error_message.value_or("")))
      .set("code", job.error_code.value_or(""));
}

void add_quote_view(const std::string& locale, const Price& price, bool again, html::Data& data) {
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

// The job's history, oldest first, out of rows that outlive every worker.
html::Rows log_rows(const std::string& locale, const JobRow& job, const std::vector<StepInfo>& steps,
                    std::int64_t reserved) {
  html::Rows rows;
  const auto add = [&](core::Time at, std::string text) {
    rows.push_back(html::Data{}.set("at", html::when(at, locale)).set("text", std::move(text)));
  };
  add(job.created_at, html::text(locale, "jobs.log.queued", {{"credits", credits_text(locale, reserved)}}));
  if (job.started_at)
    add(*job.started_at, html::text(locale, "jobs.log.started", {{"n", html::number(job.attempt, locale)}}));
  for (const StepInfo& step : steps) {
    if (step.started_at < job.created_at) {  // kept from the run that this one retries
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

void add_costs_view(const std::string& locale, const std::vector<StepInfo>& steps, std::int64_t reserved,
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

Task<> add_job_view(Jobs& jobs, const std::string& locale, core::UserId user, const JobRow& job, html::Data& page) {
  const std::vector<StepInfo> steps = co_await steps_of(jobs.db, user, job.id);
  html::Data shown;
  shown.set("id", job.id.str()).set("progress", std::to_string(job.progress)).set("status_word", job.status);
  // A settled job's row holds no reservation: it was the sum of what was charged and what was returned.
  const std::int64_t back = job.finished() ? co_await billing::released_credits(jobs.db, user, job.id) : 0;
  const std::int64_t reserved = job.finished() ? job.final_cost + back : job.reserved;
  shown.set("steps", step_rows(jobs, locale, job, steps)).set("log", log_rows(locale, job, steps, reserved));
  add_costs_view(locale, steps, reserved, shown);
  if (job.finished()) co_await add_result_view(jobs, locale, user, job, back, shown);
  else co_await add_running_view(jobs, locale, job, steps, page, shown);
  page.set("job", std::move(shown));
}

std::string status_of(const projects::Project& project, const std::optional<JobRow>& job) {
  if (job && job->error_code == "CANCELLED") return "cancelled";
  return job && job->status == "QUEUED" ? "queued" : project.status;
}

}  // namespace

Task<http::Response> project_page(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  const core::UserId user = rq.caller.user;
  const projects::ProjectInputs held = co_await own_project(jobs, user, id);
  const std::optional<JobRow> job = co_await latest_job(jobs.db, user, id);
  const bool running = job && !job->finished();
  const std::string locale = html::locale_of(rq);
  const std::string status = status_of(held.project, job);
  html::Data data;
  data.set("title", "jobs.page.title").set("name", held.project.title);
  data.set("title_state", "projects.status." + status);
  data.set("project", projects::project_view(held.project, locale)).set("upload", true).set("status", status);
  data.set("status_text", html::text(locale, "projects.status." + status));
  data.set("project_id", id.str());
  // New each time the page is rendered: a form sent twice starts one job.
  data.set("once", core::JobId::random().str());
  if (job) co_await add_job_view(jobs, locale, user, *job, data);
  if (!running && !held.inputs.empty()) {
    const Price price = co_await price_of(jobs, held, "");
    add_quote_view(locale, price, job.has_value(), data);
  }
  const auto editing = running ? projects::Editing::off : projects::Editing::on;
  data.set("files", projects::inputs_view(jobs.projects, held, editing, locale));
  data.set("can_delete", !running).set("can_change", !running);
  co_return html::page(rq, "jobs/project", std::move(data));
}

}  // namespace jobs
