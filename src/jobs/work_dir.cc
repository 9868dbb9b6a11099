#include "jobs/work_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace jobs {
namespace fs = std::filesystem;
namespace {

// Ours are told by this: a folder that is anybody else's must never be swept away.
constexpr std::string_view kPrefix = "tenon-w-";

int lock_of(const fs::path& folder) {
  const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

}  // namespace

WorkDir::WorkDir(const std::string& root, const std::string& worker) {
  fs::create_directories(root);
  struct stat about{};
  if (::lstat(root.c_str(), &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != ::geteuid())
    throw std::runtime_error("the work folder " + root +
                             " is not a folder of this user; name another with TENON_WORK_DIR");
  fs::permissions(root, fs::perms::owner_all);
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(root, ignored)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    if (entry.is_symlink(ignored) || !entry.is_directory(ignored)) continue;
    const int fd = lock_of(entry.path());
    if (fd < 0) continue;
    fs::remove_all(entry.path(), ignored);
    ::close(fd);
  }
  std::string name;
  for (const char c : worker) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    name += plain ? c : '_';
  }
  path_ = (fs::path(root) / (std::string(kPrefix) + name.substr(0, 60) + "-" + std::to_string(::getpid()) + "-XXXXXX"))
              .string();
  if (!::mkdtemp(path_.data())) throw std::system_error(errno, std::generic_category(), path_);
  lock_ = lock_of(path_);
  if (lock_ < 0) throw std::system_error(errno, std::generic_category(), path_ + "/lock");
}

WorkDir::~WorkDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace jobs
