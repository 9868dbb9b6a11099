// A user's jobs as the dashboard shows them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/task.h"
#include "pg/pg.h"

namespace jobs {

struct Unfinished {  // in select order
  core::JobId id;
  core::ProjectId project;
  std::string title;   // of the project
  std::string status;  // QUEUED or PROCESSING
  std::int32_t progress = 0;
};
// Newest first, at most n.
core::Task<std::vector<Unfinished>> unfinished(pg::Db& db, core::UserId user, std::int64_t n);

// Credits spent per day (UTC), today last. Counts the newest 5,000 jobs at most.
core::Task<std::vector<std::int64_t>> spent_by_day(pg::Db& db, core::UserId user, std::int32_t days);

}  // namespace jobs
