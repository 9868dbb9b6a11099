// Starting, retrying and cancelling a job: the use cases behind both the JSON API and the forms.
#pragma once

#include <string>
#include <string_view>

#include "jobs/read.h"

namespace jobs {

struct Started {
  core::JobId job;
  std::string body;       // the job as JSON
  bool replayed = false;  // an earlier request with the same Idempotency-Key started it
};
struct Price {
  Quote quote;
  std::size_t inputs = 0;
  std::int64_t balance = 0;
  std::string pipeline;
};

// An Idempotency-Key of a header or a form; empty: none. Throws Problem 400 bad_idempotency_key.
std::string checked_key(std::string_view key);
// An empty pipeline means the first. Throws Problem 422 unknown_pipeline.
Task<Price> price_of(Jobs& jobs, const projects::ProjectInputs& held, std::string_view pipeline);
// Throws as start() does.
Task<Started> start_once(Jobs& jobs, const projects::ProjectInputs& held, std::string_view pipeline,
                         std::string idempotency_key);
// Runs a failed job again on the inputs that it was started with. `job` belongs to the user.
Task<Started> retry(Jobs& jobs, core::UserId user, const JobRow& job, std::string idempotency_key);
enum class Cancelled { at_once, requested, already_finished };
Task<Cancelled> cancel(Jobs& jobs, const JobRow& job);  // the job belongs to the caller

// Throw Problem 404 for what is not the user's.
Task<projects::ProjectInputs> own_project(Jobs& jobs, core::UserId user, core::ProjectId project);
Task<JobRow> own_job(Jobs& jobs, core::UserId user, core::JobId job);

}  // namespace jobs
