// The data folder of `tenon dev`: its lock, its secrets, and the file dev.env with addresses and keys for people and
// tools.
#pragma once

#include <map>
#include <string>

#include "app/dev.h"
#include "core/env.h"
#include "ops/postgres.h"

namespace app {

class DevFolder {
 public:
  // Makes DIR and locks it. Throws std::runtime_error when another `tenon dev` holds it.
  explicit DevFolder(const std::string& dir);
  ~DevFolder();
  DevFolder(const DevFolder&) = delete;
  DevFolder& operator=(const DevFolder&) = delete;

  const std::string& path() const { return path_; }
  // A secret of this folder, drawn on first use and kept in secrets.env (mode 600).
  std::string secret(const std::string& name);
  ops::Passwords database_passwords();
  void write(const std::string& name, const std::string& text, int mode = 0600) const;

 private:
  void save() const;
  std::string path_;
  int lock_ = -1;
  std::map<std::string, std::string> secrets_;
};

}  // namespace app
