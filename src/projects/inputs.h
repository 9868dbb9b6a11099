// The files of a project: rows of public.assets with type `input`, and the stored objects that they name.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "projects/projects.h"

namespace projects {

struct NewInput {  // its bytes are durable, its rows not yet written
  core::AssetId id;
  storage::Staged staged;
  FileType type;
  std::string name;
  Fields fields;
};

// Awaits `task`, which reads or writes the files. If it throws, their bytes are discarded and the exception goes on.
template <class T>
Task<T> kept_or_discarded(Projects& projects, const std::vector<NewInput>& files, Task<T> task) {
  std::exception_ptr failure;
  try {
    co_return co_await task;
  } catch (...) {  // only to discard the bytes
    failure = std::current_exception();
  }
  for (const NewInput& file : files) co_await projects.storage.discard(file.staged, failure);
  std::rethrow_exception(failure);
}

// One transaction for all files; if it does not commit, their bytes are discarded.
// Throws Problem 404, Refusal 422 too_many_inputs.
Task<std::vector<Asset>> add(Projects& projects, core::UserId user, core::ProjectId project,
                             std::vector<NewInput> files);
// A project together with its files, or neither.
Task<Project> create_with(Projects& projects, core::UserId user, std::string title, std::vector<NewInput> files);
// Throws Problem 404, Refusal 409 job_running.
Task<> remove(Projects& projects, core::UserId user, core::ProjectId project, core::AssetId asset);
// Throws Problem 404, Refusal 400 invalid_<field>.
Task<Asset> set_fields(Projects& projects, core::UserId user, core::ProjectId project, core::AssetId asset,
                       Fields fields);

// One line without control characters, as it may be stored. Throws Refusal 400 invalid_<field>.
std::string checked_field(std::string_view field, std::string_view text);
// The last part of the path that a browser sent, made harmless; never empty.
std::string clean_name(std::string_view filename);
Refusal too_many_inputs(const InputRules& rules);

}  // namespace projects
