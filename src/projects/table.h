// The rows of public.projects, always read and written as their owner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projects/projects.h"

namespace projects {

struct Filter {
  std::string status;  // empty: any
  std::string text;    // part of the title; empty: any
  std::int64_t limit = 20;
  std::string after;  // the cursor of the page before; empty: the first page
};
struct Page {
  std::vector<Project> items;
  std::string next;  // cursor; empty: this is the last page
};

// Throws Refusal 400: invalid_limit, invalid_status, invalid_search, invalid_cursor.
Task<Page> list(pg::Db& db, core::UserId user, const Filter& filter);
// For a transaction that writes more of the new project. `title` has been checked.
Task<Project> insert(pg::Tx& tx, core::UserId user, const std::string& title);
Task<std::optional<Project>> rename(pg::Db& db, core::UserId user, core::ProjectId id, const std::string& title);
enum class [[nodiscard]] Removal { done, no_project, job_running };
Task<Removal> remove(pg::Db& db, core::UserId user, core::ProjectId id);

// Trims it. Throws Refusal 400 invalid_title.
std::string checked_title(std::string_view title);

}  // namespace projects
