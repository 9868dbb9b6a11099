// What of a person's jobs is not finished, for the dashboard.
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

// What finished jobs cost, one figure a day (UTC), today last. Of a very busy month the newest 5,000 jobs are counted.
core::Task<std::vector<std::int64_t>> spent_by_day(pg::Db& db, core::UserId user, std::int32_t days);

}  // namespace jobs
