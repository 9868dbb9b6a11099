// Photographs out of a multipart body, one after the other, without ever holding one in memory.
#pragma once

#include <string>
#include <vector>

#include "http/request.h"
#include "projects/inputs.h"

namespace projects {

inline constexpr std::uint64_t kLargestUpload = 512u << 20;  // bytes of one request

// Durable files with their captions: the n-th `caption` belongs to the n-th `file`. Throws the Problem of the first
// file or caption that cannot be taken, after the whole body was read, and then keeps nothing.
Task<std::vector<NewInput>> receive(Projects& projects, http::Request& rq);

// The form of a new project: its title, checked, and photographs if there are any. What is wrong with one of them is
// told beside the title as it was sent, and then nothing is kept.
struct NewProject {
  std::string title;
  std::vector<NewInput> files;
  enum class Fault { none, title, files } fault = Fault::none;
  std::string sentence;  // of the fault, in English
};
Task<NewProject> receive_new(Projects& projects, http::Request& rq);

}  // namespace projects
