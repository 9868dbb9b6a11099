#include "jobs/start.h"

#include <utility>

#include "billing/billing.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"

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
struct KnownKey {
  std::string outcome;
  std::int32_t status = 0;
  std::string response;
};
struct Order {
  core::UserId user;
  core::ProjectId project;
  std::string pipeline;
  std::string input;
  std::int32_t reserve = 0;
  std::string key;
};

const Pipeline& pipeline_of(const Jobs& jobs, std::string_view name) {
  if (name.empty() && !jobs.pipelines.empty()) return jobs.pipelines.front();
  const Pipeline* pipeline = find(jobs.pipelines, name);
  if (!pipeline) throw core::Problem(422, "jobs.unknown_pipeline");
  return *pipeline;
}

void expect_queued(const Queued& queued) {
  if (queued.outcome == "queued") return;
  if (queued.outcome == "duplicate") throw core::Problem(409, "jobs.job_running");
  if (queued.outcome == "too_few_credits") throw core::Problem(402, "jobs.insufficient_credits");
  if (queued.outcome == "not_failed") throw core::Problem(409, "jobs.not_failed");
  http::throw_not_found();
}

std::string input_json(const std::vector<projects::Asset>& rows) {
  core::JsonWriter w;
  w.begin().key("inputs").begin_array();
  for (const projects::Asset& row : rows) w.value(row.id);
  w.end_array().end();
  return w.take();
}

// The job that an earlier request with this key started. A refusal rolls the key back with everything else, so only a
// start is remembered.
Task<std::optional<Started>> started_before(pg::Tx& tx, core::UserId user, std::string key, std::string route,
                                            std::string request) {
  if (key.empty()) co_return std::nullopt;
  const std::string hash = core::hex(core::sha256(request));
  const KnownKey known = co_await tx.one<KnownKey>(kIdempotencyBegin, user, key, route, hash);
  if (known.outcome == "mismatch") throw core::Problem(422, "jobs.idempotency_mismatch");
  if (known.outcome == "running") throw core::Problem(409, "jobs.idempotency_running");
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
  const std::string request = order.project.str() + "\n" + order.pipeline;
  const std::optional<Started> before =
      co_await started_before(tx, order.user, order.key, "POST /api/projects/{id}/jobs", request);
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

Task<std::string> request_cancel(pg::Tx& tx, const core::JobId& job) {
  co_return co_await tx.one<std::string>(kCancel, job);
}

pg::As queue_role() {
  return pg::as_service("users may not write queue and ledger; the row has been read as its owner");
}

}  // namespace

std::string checked_key(std::string_view key) {
  if (key.size() > 200) throw core::Problem(400, "jobs.bad_idempotency_key");
  return std::string(key);
}

Task<projects::ProjectInputs> own_project(Jobs& jobs, core::UserId user, core::ProjectId project) {
  auto found = co_await projects::find_with_inputs(jobs.db, user, project);
  if (!found) http::throw_not_found();
  co_return std::move(*found);
}

Task<JobRow> own_job(Jobs& jobs, core::UserId user, core::JobId job) {
  auto found = co_await find_job(jobs.db, user, job);
  if (!found) http::throw_not_found();
  co_return std::move(*found);
}

Task<Price> price_of(Jobs& jobs, const projects::ProjectInputs& held, std::string_view pipeline) {
  const Pipeline& chosen = pipeline_of(jobs, pipeline);
  Price price;
  price.inputs = held.inputs.size();
  price.quote = chosen.quote(as_inputs(held.inputs));
  price.balance = co_await billing::balance(jobs.db, held.project.user);
  price.pipeline = chosen.name();
  co_return price;
}

Task<Started> start_once(Jobs& jobs, const projects::ProjectInputs& held, std::string_view pipeline,
                         std::string idempotency_key) {
  const Pipeline& chosen = pipeline_of(jobs, pipeline);
  if (held.inputs.empty()) throw core::Problem(422, "jobs.no_inputs");
  Order order;
  order.user = held.project.user;
  order.project = held.project.id;
  order.pipeline = chosen.name();
  order.input = input_json(held.inputs);
  order.reserve = static_cast<std::int32_t>(chosen.quote(as_inputs(held.inputs)).credits);
  order.key = std::move(idempotency_key);
  const Started started = co_await jobs.db.in(queue_role(), enqueue, order);
  if (!started.replayed)
    core::log::info("jobs.job.queued", {{"job", started.job}, {"project", order.project}, {"credits", order.reserve}});
  co_return started;
}

Task<core::JobId> start(Jobs& jobs, core::UserId user, core::ProjectId project, std::string pipeline) {
  const projects::ProjectInputs held = co_await own_project(jobs, user, project);
  const Started started = co_await start_once(jobs, held, pipeline, "");
  co_return started.job;
}

Task<Started> retry(Jobs& jobs, core::UserId user, const JobRow& job, std::string idempotency_key) {
  std::vector<projects::Asset> all = co_await projects::inputs(jobs.db, user, job.project);
  const std::vector<projects::Asset> rows = those_of(std::move(all), job.input.text);
  if (rows.empty()) throw core::Problem(422, "jobs.no_inputs");
  const Pipeline& chosen = pipeline_of(jobs, job.pipeline);
  const auto reserve = static_cast<std::int32_t>(chosen.quote(as_inputs(rows)).credits);
  const Started started = co_await jobs.db.in(queue_role(), enqueue_again, user, job.id, reserve, idempotency_key);
  if (!started.replayed)
    core::log::info("jobs.job.retried", {{"job", started.job}, {"of", job.id}, {"credits", reserve}});
  co_return started;
}

Task<Cancelled> cancel(Jobs& jobs, const JobRow& job) {
  const std::string outcome = co_await jobs.db.in(queue_role(), request_cancel, job.id);
  core::log::info("jobs.job.cancel_requested", {{"job", job.id}, {"outcome", outcome}});
  if (outcome == "cancelled") co_return Cancelled::at_once;
  co_return outcome == "requested" ? Cancelled::requested : Cancelled::already_finished;
}

}  // namespace jobs
