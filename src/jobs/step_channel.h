// The protocol between a worker and a step's process: one JSON object per line over a socket pair, which is descriptor
// 3 in the child. The child sends progress, load, save and result; the worker answers load and save.
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

// "inputs/1.jpg", "outputs/final.mp4": one folder of three, then one or more plain segments. The worker
// checks every name that a step sends, since a step may run foreign code.
bool valid_name(std::string_view name);

}  // namespace jobs
