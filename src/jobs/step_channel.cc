#include "jobs/step_channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "core/text.h"

namespace jobs {

void StepChannel::send(std::string line) {
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t n = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "the worker is gone");
    left.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::optional<core::Json> StepChannel::receive() {
  for (;;) {
    const std::size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      const std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return core::Json::parse(line);
    }
    char piece[4096];
    const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    buffer_.append(piece, static_cast<std::size_t>(n));
  }
}

bool valid_name(std::string_view name) {
  if (name.size() > 200) return false;
  const auto parts = core::split(name, '/');
  if (parts.size() < 2 || (parts[0] != "inputs" && parts[0] != "intermediate" && parts[0] != "outputs")) return false;
  for (const std::string_view part : parts) {
    if (part.empty() || part.front() == '.') return false;
    for (const char c : part) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                         c == '-' || c == '_';
      if (!plain) return false;
    }
  }
  return true;
}

}  // namespace jobs
