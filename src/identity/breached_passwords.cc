#include "identity/breached_passwords.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "core/crypto.h"
#include "core/text.h"

namespace identity {
namespace {

constexpr std::size_t kHash = 40;
constexpr std::size_t kLongestLine = 80;

struct File {
  explicit File(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat info{};
    if (fd < 0 || ::fstat(fd, &info) != 0) throw std::runtime_error("the list of leaked passwords cannot be read");
    size = info.st_size;
  }
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::string at(off_t offset, std::size_t length) const {
    std::string out(length, '\0');
    const ssize_t got = ::pread(fd, out.data(), length, offset);
    if (got < 0) throw std::runtime_error("the list of leaked passwords cannot be read");
    out.resize(static_cast<std::size_t>(got));
    return out;
  }

  int fd;
  off_t size = 0;
};

}  // namespace

bool is_breached(const std::string& path, const std::string& password) {
  const File file(path);
  const std::string wanted = core::hex(core::sha1(password));
  off_t low = 0;  // always the beginning of a line
  off_t high = file.size;
  while (low < high) {
    // The first line that begins at or after the middle, else the first of the range.
    off_t start = low;
    const off_t middle = low + (high - low) / 2;
    if (middle > low) {
      const std::string head = file.at(middle - 1, kLongestLine);
      const auto end = head.find('\n');
      if (end != std::string::npos && middle + static_cast<off_t>(end) < high) start = middle + static_cast<off_t>(end);
    }
    const std::string line = file.at(start, kLongestLine);
    const auto end = line.find('\n');
    const off_t next = start + static_cast<off_t>(end == std::string::npos ? line.size() : end + 1);
    if (next <= start) return false;
    const std::string hash = core::lower(line.substr(0, kHash));
    if (hash == wanted) return true;
    if (hash < wanted) low = next;
    else high = start;
  }
  return false;
}

}  // namespace identity
