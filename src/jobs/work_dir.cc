#include "jobs/work_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace jobs {
namespace fs = std::filesystem;
namespace {

// The sweep recognises our folders by these prefixes and must never remove another.
constexpr std::string_view kPrefix = "tenon-w-";
constexpr std::string_view kNewPrefix = "tenon-n-";

int lock_of(const fs::path& folder) {
  const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

}  // namespace

void sweep_work_folders(const std::string& root) {
  std::error_code ignored;
  const fs::directory_iterator entries(root, ignored);
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    const bool half_made = name.starts_with(kNewPrefix) &&
                           entry.last_write_time(ignored) < fs::file_time_type::clock::now() - std::chrono::hours(1);
    if (!name.starts_with(kPrefix) && !half_made) continue;
    if (entry.is_symlink(ignored) || !entry.is_directory(ignored)) continue;
    const int fd = lock_of(entry.path());
    if (fd < 0) continue;
    fs::remove_all(entry.path(), ignored);
    ::close(fd);
  }
}

WorkDir::WorkDir(const std::string& root, const std::string& worker) {
  fs::create_directories(root);
  struct stat about{};
  if (::lstat(root.c_str(), &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != ::geteuid())
    throw std::runtime_error("the work folder " + root +
                             " is not a folder of this user; name another with TENON_WORK_DIR");
  fs::permissions(root, fs::perms::owner_all);
  sweep_work_folders(root);
  std::string name;
  for (const char c : worker) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    name += plain ? c : '_';
  }
  // Locked under a name that no sweep removes, then renamed: a sweep in between would take it for a dead worker's.
  std::string made = (fs::path(root) / (std::string(kNewPrefix) + "XXXXXX")).string();
  if (!::mkdtemp(made.data())) throw std::system_error(errno, std::generic_category(), made);
  lock_ = lock_of(made);
  if (lock_ < 0) throw std::system_error(errno, std::generic_category(), made + "/lock");
  path_ = (fs::path(root) / (std::string(kPrefix) + name.substr(0, 60) + "-" + std::to_string(::getpid()) + "-" +
                             made.substr(made.size() - 6)))
              .string();
  fs::rename(made, path_);
}

bool WorkDir::exists() const {
  struct stat named{};
  struct stat held{};
  return ::stat((path_ + "/lock").c_str(), &named) == 0 && ::fstat(lock_, &held) == 0 && named.st_ino == held.st_ino;
}

WorkDir::~WorkDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace jobs
