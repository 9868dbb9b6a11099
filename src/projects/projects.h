// What users own: projects and the photographs uploaded to them. Owns public.projects and the rows of type `input` in
// public.assets. Every read runs as the user; what the schema lets no user write (assets, stored objects) is written
// by the service role in a transaction that first proves whose project it is.
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
#include "storage/storage.h"

namespace projects {

using core::Task;

inline constexpr std::size_t kLongestTitle = 200;         // characters
inline constexpr std::size_t kLongestCaption = 200;       // characters
inline constexpr std::uint64_t kLargestFile = 25u << 20;  // bytes
inline constexpr std::int64_t kMostPixels = 50'000'000;   // of one photograph
inline constexpr std::int64_t kMostInputs = 60;           // of one project
inline constexpr std::int64_t kLargestPage = 100;         // projects

// The module. One for each loop, as the Db it speaks through.
struct Projects {
  core::Loop& loop;
  pg::Db& db;
  storage::Storage& storage;
  core::Clock& clock;
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
  std::optional<core::JobId> job;  // nothing before the job that uses it has started
  std::string type;
  std::string path;  // "<bucket>/<key>"
  pg::Json meta;     // name, caption, mime, size, width, height
  core::Time created_at;

  std::string bucket() const { return path.substr(0, path.find('/')); }
  std::string key() const { return path.substr(path.find('/') + 1); }
};

// Another's and a missing project look the same: nothing.
Task<std::optional<Project>> find(pg::Db& db, core::UserId user, core::ProjectId id);
// The newest n, for the dashboard.
Task<std::vector<ProjectSummary>> recent(pg::Db& db, core::UserId user, std::int64_t n);
// Whether any of the user's projects is ready, however old.
Task<bool> any_ready(pg::Db& db, core::UserId user);
// All inputs of a project in the order of their upload; nothing of a project that is not the user's.
Task<std::vector<Asset>> inputs(pg::Db& db, core::UserId user, core::ProjectId project);

// Throws Problem 400 invalid_title.
Task<Project> create(Projects& projects, core::UserId user, std::string title);
// Stores one photograph as an upload would. Throws the Problems of POST …/inputs.
Task<Asset> add_input(Projects& projects, core::UserId user, core::ProjectId project, std::string name,
                      std::string caption, std::string bytes);

// The lines of text of a form: every field `caption.<asset id>` of this project that differs from what is stored.
// Throws Problem 400 invalid_caption, and then has changed nothing.
Task<> save_captions(Projects& projects, core::UserId user, core::ProjectId project, const http::Request& rq);

// The data of the partial {{> projects/inputs}}: put it into the page as one member and open that member around the
// partial. `can_change`: shows upload, caption and delete forms (not while a job runs).
enum class Inputs { fixed, can_change };
html::Data inputs_view(Projects& projects, const Project& project, const std::vector<Asset>& inputs, Inputs mode,
                       std::string_view locale = "en");
// The data of one project: id, name (its title), status, created and updated (for ui/time).
html::Data project_view(const Project& project, std::string_view locale = "en");

// /api/projects…, /app/projects and the forms below it, except the page /app/projects/{id}, which is jobs'.
void mount(http::Router& router, Projects& projects);

}  // namespace projects
