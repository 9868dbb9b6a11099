// Jobs as their owner sees them: every query runs as that user and also filters by their id.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "jobs/job_error.h"
#include "jobs/jobs.h"
#include "projects/projects.h"

namespace jobs {

struct JobRow {
  core::JobId id;
  core::ProjectId project;
  std::string status;
  std::int32_t progress = 0;
  std::string pipeline;
  std::int32_t attempt = 0;
  std::int32_t reserved = 0;
  std::int32_t final_cost = 0;
  std::optional<std::string> error_code;
  pg::Json error_params;
  std::optional<std::string> error_message;
  bool cancel_requested = false;
  std::optional<core::JobId> retry_of;
  core::Time created_at;
  std::optional<core::Time> started_at;
  std::optional<core::Time> finished_at;
  core::Time updated_at;
  pg::Json input;
  bool finished() const { return status == "READY" || status == "FAILED"; }
};
struct StepInfo {
  std::int32_t n = 0;
  std::string name;
  std::string state;
  core::Time started_at;
  std::optional<core::Time> finished_at;
  std::optional<std::int64_t> cpu_ms;
  std::optional<std::int64_t> peak_kb;
  std::optional<std::int64_t> bytes_in;
  std::optional<std::int64_t> bytes_out;
  std::optional<std::int32_t> credits;
  std::optional<std::string> error_code;
};
struct Output {
  std::string name;
  std::string bucket;
  std::string key;
  std::string mime;
  std::uint64_t size = 0;
};
Task<std::optional<JobRow>> find_job(pg::Db& db, core::UserId user, core::JobId job);
Task<JobRow> job_in(pg::Tx& tx, core::UserId user, core::JobId job);
Task<std::optional<JobRow>> latest_job(pg::Db& db, core::UserId user, core::ProjectId project);
Task<std::vector<JobRow>> jobs_of(pg::Db& db, core::UserId user, core::ProjectId project, int limit);
Task<std::vector<StepInfo>> steps_of(pg::Db& db, core::UserId user, core::JobId job);
Task<std::vector<Output>> outputs_of(pg::Db& db, core::UserId user, core::JobId job);
std::vector<Input> as_inputs(const std::vector<projects::Asset>& assets);
// The inputs that a job was started with, in that order, as far as they still exist.
std::vector<projects::Asset> those_of(std::vector<projects::Asset> all, const std::string& job_input);
struct Place {
  std::int64_t ahead = 0;        // jobs that will be claimed first; counted up to 1,000
  bool waiting_for_own = false;  // held back behind the user's other jobs
};
// The caller has checked that these are the user's jobs: users may not read the queue itself. One statement.
Task<std::map<core::JobId, Place>> places_of(pg::Db& db, std::vector<core::JobId> jobs);
Task<Place> place_of(pg::Db& db, core::JobId job);

JobError error_of(const JobRow& job);
std::string job_json(const JobRow& job, const std::vector<StepInfo>& steps, std::optional<Place> place = {});

}  // namespace jobs
