// The line between a worker and its step process: JSON objects, one a line, over a socket pair that is descriptor 3 in
// the child. The child asks (progress, load, save, result), the worker answers load and save.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace jobs {

inline constexpr int kStepChannelFd = 3;
inline constexpr std::size_t kMaxLine = 1 << 20;

// The child's blocking end.
class StepChannel {
 public:
  explicit StepChannel(int fd) : fd_(fd) {}
  void send(std::string line);          // throws std::system_error when the worker is gone
  std::optional<core::Json> receive();  // nothing when the worker is gone

 private:
  int fd_;
  std::string buffer_;
};

// "inputs/1.jpg", "outputs/final.mp4": one folder of three, then one or more plain segments. Everything a step names is
// checked by this on the worker's side, since a step may be anybody's code.
bool valid_name(std::string_view name);

}  // namespace jobs
