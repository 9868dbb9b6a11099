// The photographs of a project: rows of public.assets with type `input`, and the stored objects they name.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "projects/image_head.h"
#include "projects/projects.h"

namespace projects {

struct NewInput {  // its bytes are durable, its rows are not written yet
  core::AssetId id;
  storage::Staged staged;
  Picture picture;
  std::string name;
  std::string caption;
};

// Awaits `task`, which reads or writes the files. When it throws, their bytes are given up and it is thrown on.
template <class T>
Task<T> kept_or_discarded(Projects& projects, const std::vector<NewInput>& files, Task<T> task) {
  std::exception_ptr failure;
  try {
    co_return co_await task;
  } catch (...) {  // only to give up the bytes
    failure = std::current_exception();
  }
  for (const NewInput& file : files) co_await projects.storage.discard(file.staged, failure);
  std::rethrow_exception(failure);
}

// One transaction for all of them. Whatever keeps it from committing, the bytes do not stay.
// Throws Problem 404, 422 too_many_inputs.
Task<std::vector<Asset>> add(Projects& projects, core::UserId user, core::ProjectId project,
                             std::vector<NewInput> files);
// A project and its photographs, both or neither.
Task<Project> create_with(Projects& projects, core::UserId user, std::string title, std::vector<NewInput> files);
// Throws Problem 404, 409 job_running.
Task<> remove(Projects& projects, core::UserId user, core::ProjectId project, core::AssetId asset);
Task<Asset> set_caption(Projects& projects, core::UserId user, core::ProjectId project, core::AssetId asset,
                        std::string caption);

// As it may be stored: one line, no control characters. Throws Problem 400 invalid_caption.
std::string checked_caption(std::string_view caption);
// The last part of what a browser sent, made harmless; never empty.
std::string clean_name(std::string_view filename);
// Throws Problem 422 image_too_large.
void check_pixels(const Picture& picture, const std::string& name);

}  // namespace projects
