#include "app/dev_folder.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "core/crypto.h"

namespace app {

namespace fs = std::filesystem;

DevFolder::DevFolder(const std::string& dir) : path_(fs::absolute(dir).lexically_normal().string()) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  fs::create_directories(path_ + "/log");
  lock_ = ::open((path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error(
        fmt::format("another `tenon dev` uses {}; stop it, or name another folder with --data", path_));
  std::ifstream in(path_ + "/secrets.env");
  for (std::string line; std::getline(in, line);)
    if (const std::size_t equals = line.find('='); equals != std::string::npos)
      secrets_.emplace(line.substr(0, equals), line.substr(equals + 1));
}

DevFolder::~DevFolder() {
  if (lock_ >= 0) ::close(lock_);
}

std::string DevFolder::secret(const std::string& name) {
  const auto found = secrets_.find(name);
  if (found != secrets_.end()) return found->second;
  const std::string drawn = core::random_text(40, "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789");
  secrets_.emplace(name, drawn);
  save();
  return drawn;
}

ops::Passwords DevFolder::database_passwords() {
  return {core::Secret(secret("POSTGRES_SUPER_PASSWORD")), core::Secret(secret("POSTGRES_OWNER_PASSWORD")),
          core::Secret(secret("POSTGRES_RUNTIME_PASSWORD"))};
}

void DevFolder::save() const {
  std::string text;
  for (const auto& [name, value] : secrets_) text += name + "=" + value + "\n";
  write("secrets.env", text);
}

void DevFolder::write(const std::string& name, const std::string& text, int mode) const {
  const std::string target = path_ + "/" + name;
  const std::string aside = target + ".new";
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("cannot write " + target);
  fs::rename(aside, target);
}

}  // namespace app
