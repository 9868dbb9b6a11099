// Projects and the files that users upload to them. Owns public.projects and the rows of type `input` in
// public.assets. Reads run as the user. Users may not write assets or stored objects themselves: the service role
// does, in a transaction that first verifies who owns the project.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/task.h"
#include "html/html.h"
#include "http/router.h"
#include "pg/pg.h"
#include "projects/input_rules.h"
#include "storage/storage.h"

namespace projects {

using core::Task;

inline constexpr std::size_t kLongestTitle = 200;  // characters
inline constexpr std::int64_t kLargestPage = 100;  // projects

// The module: one per loop, like the Db it uses.
struct Projects {
  core::Loop& loop;
  pg::Db& db;
  storage::Storage& storage;
  core::Clock& clock;
  InputRules rules;
};

struct Project {  // in select order
  core::ProjectId id;
  core::UserId user;
  std::string title;
  std::string status;  // draft, processing, ready, failed
  core::JobId next_job;
  core::Time created_at;
  core::Time updated_at;
};
using ProjectSummary = Project;

struct Asset {  // in select order
  core::AssetId id;
  core::ProjectId project;
  core::UserId user;
  std::optional<core::JobId> job;  // empty until the job that uses it starts
  std::string type;
  std::string path;  // "<bucket>/<key>"
  pg::Json meta;     // name, mime, size, width, height, and the declared fields
  core::Time created_at;

  std::string bucket() const { return path.substr(0, path.find('/')); }
  std::string key() const { return path.substr(path.find('/') + 1); }
};

struct ProjectInputs {
  Project project;
  std::vector<Asset> inputs;  // in the order of their upload
};

// A missing project and somebody else's look the same: empty.
Task<std::optional<Project>> find(pg::Db& db, core::UserId user, core::ProjectId id);
Task<std::optional<ProjectInputs>> find_with_inputs(pg::Db& db, core::UserId user, core::ProjectId id);  // one trip
// The newest n.
Task<std::vector<ProjectSummary>> recent(pg::Db& db, core::UserId user, std::int64_t n);
Task<bool> any_ready(pg::Db& db, core::UserId user);
// In the order of their upload; empty for a project that is not the user's.
Task<std::vector<Asset>> inputs(pg::Db& db, core::UserId user, core::ProjectId project);

// Throws Refusal 400 invalid_title.
Task<Project> create(Projects& projects, core::UserId user, std::string title);
// Stores one file as an upload would. Throws the Problems of POST …/inputs.
Task<Asset> add_input(Projects& projects, core::UserId user, core::ProjectId project, std::string name, Fields fields,
                      std::string bytes);

// Saves the form fields `<field>.<asset id>` that differ from what `inputs` holds, in one transaction, and updates
// `inputs` with them. Throws Refusal 400 invalid_<field>, and then has changed nothing.
Task<> save_fields(Projects& projects, ProjectInputs& held, const http::Request& rq);

// Data for the partial {{> projects/inputs}}. Set it as one member of the page and open that member around the partial.
enum class Editing { off, on };  // on: with the forms that add, describe and remove files
html::Data inputs_view(Projects& projects, const ProjectInputs& held, Editing editing, std::string_view locale = "en");
// The data of one project: id, name (its title), status, created and updated (for ui/time).
html::Data project_view(const Project& project, std::string_view locale = "en");

// "projects.invalid_title" for `?problem=…`: the page after a redirect shows that sentence, without parameters.
std::string problem_key(const core::Problem& problem);

// /api/projects…, /app/projects and the forms below it. The page /app/projects/{id} belongs to jobs.
void mount(http::Router& router, Projects& projects);

}  // namespace projects
