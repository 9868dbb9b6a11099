// Starting, retrying and cancelling: the use cases behind both the JSON API and the forms.
#pragma once

#include <string>
#include <string_view>

#include "jobs/read.h"

namespace jobs {

struct Started {
  core::JobId job;
  std::string body;       // the job as JSON
  bool replayed = false;  // the same Idempotency-Key had started it before
};
struct Price {
  Quote quote;
  std::size_t inputs = 0;
  std::int64_t balance = 0;
  std::string pipeline;
};

// An Idempotency-Key as a header or a form brings it; empty for none. Throws Problem 400 bad_idempotency_key.
std::string checked_key(std::string_view key);
// Throws Problem 404 when the project is not the user's.
Task<Price> price_of(Jobs& jobs, core::UserId user, core::ProjectId project, std::string pipeline);
Task<Started> start_once(Jobs& jobs, core::UserId user, core::ProjectId project, std::string pipeline,
                         std::string idempotency_key);
Task<Started> retry(Jobs& jobs, core::UserId user, core::JobId job, std::string idempotency_key);
enum class Cancelled { at_once, asked, finished_before };
Task<Cancelled> cancel(Jobs& jobs, core::UserId user, core::JobId job);

}  // namespace jobs
