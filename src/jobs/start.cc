#include "jobs/start.h"

#include <utility>

#include "billing/billing.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "html/html.h"

namespace jobs {
namespace {

constexpr pg::Sql kEnqueue{"jobs.queue_enqueue", R"sql(
  select outcome, job_id from tenon.enqueue_job($1, $2, $3, 'pipeline', $4::jsonb, $5, $6)
)sql"};
constexpr pg::Sql kRetry{"jobs.queue_retry", R"sql(select outcome, job_id from tenon.retry_job($1, $2, $3))sql"};
constexpr pg::Sql kCancel{"jobs.queue_cancel", R"sql(select tenon.cancel_job($1))sql"};
constexpr pg::Sql kIdempotencyBegin{"jobs.idempotency_begin", R"sql(
  select outcome, coalesce(status, 0), coalesce(response::text, '') from tenon.idempotency_begin($1, $2, $3, $4)
)sql"};
constexpr pg::Sql kIdempotencyEnd{"jobs.idempotency_end", R"sql(
  select tenon.idempotency_end($1, $2, 201, $3::jsonb)::text
)sql"};

struct Queued {
  std::string outcome;
  std::optional<core::JobId> job;
};
struct Known {
  std::string outcome;
  std::int32_t status = 0;
  std::string response;
};
struct Order {  // what one transaction writes
  core::UserId user;
  core::ProjectId project;
  std::string pipeline;
  std::string input;
  std::int32_t reserve = 0;
  std::string key;
};

[[noreturn]] void refuse(int status, const char* code) {
  throw core::Problem(status, code, html::text("en", std::string("jobs.problem.") + code));
}

const Pipeline& pipeline_of(const Jobs& jobs, const std::string& name) {
  if (name.empty() && !jobs.pipelines.empty()) return jobs.pipelines.front();
  const Pipeline* pipeline = find(jobs.pipelines, name);
  if (!pipeline) refuse(422, "unknown_pipeline");
  return *pipeline;
}

void expect_queued(const Queued& queued) {
  if (queued.outcome == "queued") return;
  if (queued.outcome == "duplicate") refuse(409, "job_running");
  if (queued.outcome == "too_few_credits") refuse(402, "insufficient_credits");
  if (queued.outcome == "not_failed") refuse(409, "not_failed");
  http::throw_not_found();
}

std::string input_json(const std::vector<projects::Asset>& rows) {
  core::JsonWriter w;
  w.begin().key("inputs").begin_array();
  for (const projects::Asset& row : rows) w.value(row.id);
  w.end_array().end();
  return w.take();
}

// What the same key has started before. A refusal rolls the key back with the rest, so only a start is remembered.
Task<std::optional<Started>> started_before(pg::Tx& tx, core::UserId user, std::string key, std::string route,
                                            std::string what) {
  if (key.empty()) co_return std::nullopt;
  const std::string hash = core::hex(core::sha256(what));
  const Known known = co_await tx.one<Known>(kIdempotencyBegin, user, key, route, hash);
  if (known.outcome == "mismatch") refuse(422, "idempotency_mismatch");
  if (known.outcome == "running") refuse(409, "idempotency_running");
  if (known.outcome != "replay") co_return std::nullopt;
  const auto body = core::Json::parse(known.response);
  const auto id = body ? core::JobId::parse((*body)["id"].string_or("")) : std::nullopt;
  co_return Started{id.value_or(core::JobId{}), known.response, true};
}

Task<Started> started_now(pg::Tx& tx, core::UserId user, Queued queued, std::string key) {
  expect_queued(queued);
  const JobRow row = co_await job_in(tx, user, *queued.job);
  const Started started{*queued.job, job_json(row, {}), false};
  if (!key.empty()) co_await tx.run(kIdempotencyEnd, user, key, started.body);
  co_return started;
}

Task<Started> enqueue(pg::Tx& tx, const Order& order) {
  const std::string what = order.project.str() + "\n" + order.pipeline;
  const std::optional<Started> before =
      co_await started_before(tx, order.user, order.key, "POST /api/projects/{id}/jobs", what);
  if (before) co_return *before;
  const Queued queued = co_await tx.one<Queued>(kEnqueue, order.user, order.project, order.pipeline, order.input,
                                                order.reserve, order.project.str());
  co_return co_await started_now(tx, order.user, queued, order.key);
}

Task<Started> enqueue_again(pg::Tx& tx, const core::UserId& user, const core::JobId& job, const std::int32_t& reserve,
                            const std::string& key) {
  const std::optional<Started> before = co_await started_before(tx, user, key, "POST /api/jobs/{id}/retry", job.str());
  if (before) co_return *before;
  const Queued queued = co_await tx.one<Queued>(kRetry, user, job, reserve);
  co_return co_await started_now(tx, user, queued, key);
}

Task<std::string> ask_to_cancel(pg::Tx& tx, const core::JobId& job) {
  co_return co_await tx.one<std::string>(kCancel, job);
}

pg::As queue_role() { return pg::as_service("queue and ledger are written for a user whose row this was shown to be"); }

Task<> expect_project(Jobs& jobs, core::UserId user, core::ProjectId project) {
  const std::optional<projects::Project> found = co_await projects::find(jobs.db, user, project);
  if (!found) http::throw_not_found();
}

}  // namespace

std::string checked_key(std::string_view key) {
  if (key.size() > 200) refuse(400, "bad_idempotency_key");
  return std::string(key);
}

Task<Price> price_of(Jobs& jobs, core::UserId user, core::ProjectId project, std::string pipeline) {
  co_await expect_project(jobs, user, project);
  const Pipeline& chosen = pipeline_of(jobs, pipeline);
  const std::vector<projects::Asset> rows = co_await projects::inputs(jobs.db, user, project);
  Price price;
  price.inputs = rows.size();
  price.quote = chosen.quote(as_inputs(rows));
  price.balance = co_await billing::balance(jobs.db, user);
  price.pipeline = chosen.name();
  co_return price;
}

Task<Started> start_once(Jobs& jobs, core::UserId user, core::ProjectId project, std::string pipeline,
                         std::string idempotency_key) {
  co_await expect_project(jobs, user, project);
  const Pipeline& chosen = pipeline_of(jobs, pipeline);
  const std::vector<projects::Asset> rows = co_await projects::inputs(jobs.db, user, project);
  if (rows.empty()) refuse(422, "no_inputs");
  Order order;
  order.user = user;
  order.project = project;
  order.pipeline = chosen.name();
  order.input = input_json(rows);
  order.reserve = static_cast<std::int32_t>(chosen.quote(as_inputs(rows)).credits);
  order.key = std::move(idempotency_key);
  const Started started = co_await jobs.db.in(queue_role(), enqueue, order);
  if (!started.replayed)
    core::log::info("jobs.job.queued", {{"job", started.job}, {"project", project}, {"credits", order.reserve}});
  co_return started;
}

Task<core::JobId> start(Jobs& jobs, core::UserId user, core::ProjectId project, std::string pipeline) {
  const Started started = co_await start_once(jobs, user, project, std::move(pipeline), "");
  co_return started.job;
}

Task<Started> retry(Jobs& jobs, core::UserId user, core::JobId job, std::string idempotency_key) {
  const std::optional<JobRow> old = co_await find_job(jobs.db, user, job);
  if (!old) http::throw_not_found();
  std::vector<projects::Asset> all = co_await projects::inputs(jobs.db, user, old->project);
  const std::vector<projects::Asset> rows = those_of(std::move(all), old->input.text);
  if (rows.empty()) refuse(422, "no_inputs");
  const Pipeline& chosen = pipeline_of(jobs, old->pipeline);
  const auto reserve = static_cast<std::int32_t>(chosen.quote(as_inputs(rows)).credits);
  const Started started = co_await jobs.db.in(queue_role(), enqueue_again, user, job, reserve, idempotency_key);
  if (!started.replayed) core::log::info("jobs.job.retried", {{"job", started.job}, {"of", job}, {"credits", reserve}});
  co_return started;
}

Task<Cancelled> cancel(Jobs& jobs, core::UserId user, core::JobId job) {
  const std::optional<JobRow> row = co_await find_job(jobs.db, user, job);
  if (!row) http::throw_not_found();
  const std::string outcome = co_await jobs.db.in(queue_role(), ask_to_cancel, job);
  core::log::info("jobs.job.cancel_asked", {{"job", job}, {"outcome", outcome}});
  if (outcome == "cancelled") co_return Cancelled::at_once;
  co_return outcome == "requested" ? Cancelled::asked : Cancelled::finished_before;
}

}  // namespace jobs
