#include "storage/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "core/crypto.h"
#include "core/ids.h"
#include "core/log.h"
#include "core/md5.h"
#include "core/problem.h"
#include "storage/storage.h"

namespace storage {

namespace fs = std::filesystem;

namespace {

core::Problem problem_of(int error) {
  // EFBIG is a process limit on file sizes; to the uploader it is the same full disk.
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return {507, "storage.no_space"};
  if (error == EROFS) return {503, "storage.read_only"};
  return {503, "storage.storage_unavailable"};
}

[[noreturn]] void fail(const char* operation, int error) {
  core::log::error("storage.disk.failed", {{"operation", operation}, {"error", std::strerror(error)}});
  core::Problem problem = problem_of(error);
  problem.headers.emplace_back("Retry-After", "30");
  throw problem;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("open folder", errno);
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) fail("sync folder", failed);
}

// Creates the folder and its parents, and syncs each parent that got a new entry.
void make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
  if (errno == EEXIST) return;
  if (errno != ENOENT || folder == folder.parent_path()) fail("make folder", errno);
  make_folder(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail("make folder", errno);
  sync_folder(folder.parent_path());
}

bool is_older(const fs::path& file, std::chrono::seconds age) {
  struct stat info{};
  if (::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  struct timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec - info.st_mtim.tv_sec >= age.count();
}

}  // namespace

std::string new_version() { return core::Uuid::random().str(); }

Disk::Disk(std::string dir) : dir_(fs::absolute(dir)) {}

struct Disk::Temp::Impl {
  fs::path root;
  fs::path file;
  std::string version;
  int fd = -1;
  bool renamed = false;
  std::uint64_t size = 0;
  core::Md5 md5;

  ~Impl() {
    if (fd >= 0) ::close(fd);
    if (fd >= 0 && !renamed) ::unlink(file.c_str());
  }
};

Disk::Temp::Temp(const Disk& disk) : impl_(std::make_unique<Impl>()) {
  impl_->root = disk.dir_;
  impl_->version = new_version();
  impl_->file = disk.dir_ / "tmp" / impl_->version;
  const auto open = [this] { return ::open(impl_->file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); };
  impl_->fd = open();
  if (impl_->fd < 0 && errno == ENOENT) {
    make_folder(disk.dir_ / "tmp");
    impl_->fd = open();
  }
  if (impl_->fd < 0) fail("open", errno);
}

Disk::Temp::~Temp() = default;

void Disk::Temp::write(std::string_view bytes) {
  write_all(impl_->fd, bytes);
  impl_->size += bytes.size();
  impl_->md5.update(bytes);
}

void Disk::Temp::sync() {
  if (::fsync(impl_->fd) != 0) fail("sync", errno);
}

Staged Disk::Temp::finish() {
  sync();
  const fs::path folder = impl_->root / "objects" / impl_->version.substr(0, 2);
  const fs::path target = folder / impl_->version;
  if (::rename(impl_->file.c_str(), target.c_str()) != 0) {
    if (errno != ENOENT) fail("rename", errno);
    make_folder(folder);
    if (::rename(impl_->file.c_str(), target.c_str()) != 0) fail("rename", errno);
  }
  impl_->renamed = true;
  try {
    sync_folder(folder);
  } catch (...) {  // perhaps not durable, so it must not stay
    ::unlink(target.c_str());
    throw;
  }
  return Staged{.version = impl_->version, .size = impl_->size, .md5 = core::hex(impl_->md5.finish())};
}

std::optional<std::string> Disk::path_of(std::string_view version) const {
  const auto uuid = core::Uuid::parse(version);
  if (!uuid) return std::nullopt;
  const std::string name = uuid->str();
  return (dir_ / "objects" / name.substr(0, 2) / name).string();
}

std::optional<std::uint64_t> Disk::size_of(std::string_view version) const {
  const auto path = path_of(version);
  struct stat info{};
  if (!path || ::stat(path->c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

void Disk::erase(std::string_view version) const {
  const auto path = path_of(version);
  if (path && ::unlink(path->c_str()) != 0 && errno != ENOENT) fail("erase", errno);
}

bool Disk::is_writable() const {
  try {
    Temp probe(*this);
    probe.write("tenon");
    probe.sync();
    return true;
  } catch (const core::Problem&) {
    return false;
  }
}

std::vector<std::string> Disk::versions_in(int folder, std::chrono::seconds older_than) const {
  char name[3];
  std::snprintf(name, sizeof name, "%02x", static_cast<unsigned>(folder) & 0xffU);
  std::vector<std::string> out;
  std::error_code ended;
  for (fs::directory_iterator it(dir_ / "objects" / name, ended), end; !ended && it != end; it.increment(ended)) {
    const std::string file = it->path().filename().string();
    if (core::Uuid::parse(file) && is_older(it->path(), older_than)) out.push_back(file);
  }
  return out;
}

int Disk::remove_old_temps(std::chrono::seconds older_than) const {
  int removed = 0;
  std::error_code ended;
  for (fs::directory_iterator it(dir_ / "tmp", ended), end; !ended && it != end; it.increment(ended))
    if (is_older(it->path(), older_than) && ::unlink(it->path().c_str()) == 0) ++removed;
  return removed;
}

}  // namespace storage
