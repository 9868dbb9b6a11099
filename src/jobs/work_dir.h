// The folders in which jobs work on this machine: one per worker process, held by a file lock that ends with the
// process, and below it one per job.
#pragma once

#include <string>

namespace jobs {

class WorkDir {
 public:
  // Makes <root>/tenon-w-<worker>-<pid>-…/ and removes what dead workers left in <root>. Blocking; throws when it
  // cannot write.
  WorkDir(const std::string& root, const std::string& worker);
  ~WorkDir();
  WorkDir(const WorkDir&) = delete;
  WorkDir& operator=(const WorkDir&) = delete;
  const std::string& path() const { return path_; }
  bool exists() const;  // false when something has removed it

 private:
  std::string path_;
  int lock_ = -1;
};

// Removes what dead workers left in `root`. Blocking; leaves what it cannot remove.
void sweep_work_folders(const std::string& root);

}  // namespace jobs
