#include "jobs/read.h"

#include <algorithm>

namespace jobs {
namespace {

constexpr pg::Sql kJob{"jobs.job_find", R"sql(
  select id, project_id, status::text, progress, pipeline, attempt, cost_credits_reserved, cost_credits_final,
         error_code, error_params, error_message, cancel_requested_at is not null, retry_of, created_at, started_at,
         finished_at, updated_at, input
  from public.jobs where id = $1 and user_id = $2
)sql"};
constexpr pg::Sql kJobsOfProject{"jobs.job_list", R"sql(
  select id, project_id, status::text, progress, pipeline, attempt, cost_credits_reserved, cost_credits_final,
         error_code, error_params, error_message, cancel_requested_at is not null, retry_of, created_at, started_at,
         finished_at, updated_at, input
  from public.jobs where project_id = $1 and user_id = $2 order by created_at desc, id desc limit $3
)sql"};
constexpr pg::Sql kSteps{"jobs.step_list", R"sql(
  select n, name, state, started_at, finished_at, cpu_ms, peak_kb, bytes_in, bytes_out, credits, error_code
  from public.job_steps where job_id = $1 and user_id = $2 order by n
)sql"};
struct AssetRow {
  core::AssetId id;
  std::string path;
  pg::Json meta;
};
constexpr pg::Sql kOutputs{"jobs.output_list", R"sql(
  select id, path, meta from public.assets where job_id = $1 and user_id = $2 and type = 'output' order by path
)sql"};
constexpr pg::Sql kPlaces{"jobs.queue_places", R"sql(
  select w.job_id,
         (select count(*) from (
            select 1 from tenon.job_ready o join tenon.job_ready m on m.job_id = w.job_id and o.lane = m.lane
            where (o.band, o.vtime, o.seq) < (m.band, m.vtime, m.seq) limit 1000) as before),
         exists (select from tenon.job_parked p where p.job_id = w.job_id)
    from unnest($1::uuid[]) as w(job_id)
)sql"};
struct PlaceRow {  // in select order
  core::JobId job;
  std::int64_t ahead = 0;
  bool waiting_for_own = false;
};

std::string extension_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || path.size() - dot > 6) return "";
  for (const char c : path.substr(dot + 1))
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return "";
  return path.substr(dot);
}

std::string last_segment(const std::string& path) {
  const std::size_t cut = path.find_last_of('/');
  return cut == std::string::npos ? path : path.substr(cut + 1);
}

}  // namespace

Task<std::optional<JobRow>> find_job(pg::Db& db, core::UserId user, core::JobId job) {
  co_return co_await db.as(user).maybe<JobRow>(kJob, job, user);
}
Task<JobRow> job_in(pg::Tx& tx, core::UserId user, core::JobId job) {
  co_return co_await tx.one<JobRow>(kJob, job, user);
}
Task<std::vector<JobRow>> jobs_of(pg::Db& db, core::UserId user, core::ProjectId project, int limit) {
  co_return co_await db.as(user).many<JobRow>(kJobsOfProject, project, user, limit);
}
Task<std::optional<JobRow>> latest_job(pg::Db& db, core::UserId user, core::ProjectId project) {
  co_return co_await db.as(user).maybe<JobRow>(kJobsOfProject, project, user, 1);
}
Task<std::vector<StepInfo>> steps_of(pg::Db& db, core::UserId user, core::JobId job) {
  co_return co_await db.as(user).many<StepInfo>(kSteps, job, user);
}

Task<std::vector<Output>> outputs_of(pg::Db& db, core::UserId user, core::JobId job) {
  const std::vector<AssetRow> rows = co_await db.as(user).many<AssetRow>(kOutputs, job, user);
  std::vector<Output> outputs;
  for (const AssetRow& row : rows) {
    const std::size_t cut = row.path.find('/');
    const core::Json meta = core::Json::parse(row.meta.text).value_or(core::Json{});
    Output out;
    out.name = meta["name"].string_or(last_segment(row.path));
    out.bucket = row.path.substr(0, cut);
    out.key = row.path.substr(cut + 1);
    out.mime = meta["mime"].string_or("");
    out.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, meta["size"].integer().value_or(0)));
    outputs.push_back(std::move(out));
  }
  co_return outputs;
}

std::vector<Input> as_inputs(const std::vector<projects::Asset>& assets) {
  std::vector<Input> inputs;
  for (const projects::Asset& asset : assets) {
    const core::Json meta = core::Json::parse(asset.meta.text).value_or(core::Json{});
    Input one;
    one.file = "inputs/" + std::to_string(inputs.size() + 1) + extension_of(asset.path);
    one.name = meta["name"].string_or(last_segment(asset.path));
    for (const auto& [name, value] : meta.members())
      if (name != "name" && name != "mime" && value.string()) one.fields[name] = *value.string();
    one.mime = meta["mime"].string_or("");
    one.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, meta["size"].integer().value_or(0)));
    inputs.push_back(std::move(one));
  }
  return inputs;
}

std::vector<projects::Asset> those_of(std::vector<projects::Asset> all, const std::string& job_input) {
  const core::Json input = core::Json::parse(job_input).value_or(core::Json{});
  if (input["inputs"].size() == 0) return all;
  std::vector<projects::Asset> wanted;
  for (const core::Json& id : input["inputs"].elements())
    for (const projects::Asset& asset : all)
      if (asset.id.str() == id.string_or("")) wanted.push_back(asset);
  return wanted;
}

Task<std::map<core::JobId, Place>> places_of(pg::Db& db, std::vector<core::JobId> jobs) {
  const std::vector<PlaceRow> rows =
      co_await db.as(pg::as_service("a place in the queue is counted over everybody's jobs"))
          .many<PlaceRow>(kPlaces, jobs);
  std::map<core::JobId, Place> places;
  for (const PlaceRow& row : rows) places[row.job] = Place{row.ahead, row.waiting_for_own};
  co_return places;
}
Task<Place> place_of(pg::Db& db, core::JobId job) {
  const std::vector<core::JobId> only{job};
  const std::map<core::JobId, Place> places = co_await places_of(db, only);
  co_return places.at(job);
}

JobError error_of(const JobRow& job) {
  return {job.error_code.value_or(""), params_from(core::Json::parse(job.error_params.text).value_or(core::Json{}))};
}

std::string job_json(const JobRow& job, const std::vector<StepInfo>& steps, std::optional<Place> place) {
  const auto time = [](const std::optional<core::Time>& at) -> std::optional<std::string> {
    return at ? std::optional(core::rfc3339(*at)) : std::nullopt;
  };
  core::JsonWriter w;
  w.begin().field("id", job.id).field("project_id", job.project).field("status", job.status);
  w.field("progress", job.progress).field("pipeline", job.pipeline).field("attempt", job.attempt);
  w.field("cost_credits_reserved", job.reserved).field("cost_credits_final", job.final_cost);
  w.field("error_code", job.error_code).field("error_message", job.error_message);
  w.field("cancel_requested", job.cancel_requested).field("retry_of", job.retry_of);
  if (place && !place->waiting_for_own) w.field("jobs_ahead", place->ahead);
  w.field("created_at", core::rfc3339(job.created_at)).field("started_at", time(job.started_at));
  w.field("finished_at", time(job.finished_at)).field("updated_at", core::rfc3339(job.updated_at));
  w.key("steps").begin_array();
  for (const StepInfo& step : steps) {
    w.begin().field("n", step.n).field("name", step.name).field("state", step.state);
    w.field("started_at", core::rfc3339(step.started_at)).field("finished_at", time(step.finished_at));
    w.field("cpu_ms", step.cpu_ms).field("peak_kb", step.peak_kb).field("bytes_in", step.bytes_in);
    w.field("bytes_out", step.bytes_out).field("credits", step.credits).field("error_code", step.error_code).end();
  }
  w.end_array().end();
  return w.take();
}

}  // namespace jobs
