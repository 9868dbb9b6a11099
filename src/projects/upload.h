// Reads files out of a multipart body, one after the other, without holding any of them in memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/request.h"
#include "projects/inputs.h"

namespace projects {

inline constexpr std::uint64_t kLargestUpload = 512u << 20;  // bytes of one request

// Durable files with their fields: the n-th part named after a field belongs to the n-th `file`. Reads the whole body
// even if a file or a field is refused, then throws the first refusal and keeps nothing.
Task<std::vector<NewInput>> receive(Projects& projects, http::Request& rq);

// The form of a new project: its checked title and any files. If one of them is refused, `refusal` is set, `title` is
// as it was sent, and no file is kept.
struct NewProject {
  std::string title;
  std::vector<NewInput> files;
  std::optional<Refusal> refusal;
  enum class About { title, files } about = About::title;  // what was refused
};
Task<NewProject> receive_new(Projects& projects, http::Request& rq);

}  // namespace projects
