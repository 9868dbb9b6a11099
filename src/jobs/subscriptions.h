// Wakes the open pages of one loop when a job of theirs moves, on NOTIFY tenon_progress. A notice names the job and
// nothing else: each page reads the row again as its own user.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "jobs/jobs.h"

namespace jobs {

class JobSubscriptions {
 public:
  static constexpr std::size_t kMost = 2000;

  explicit JobSubscriptions(pg::Listener& listener);
  // An event that is set whenever one of `jobs` moves, as long as the returned handle lives; without jobs it is never
  // set. Throws Problem 503 busy when there are kMost subscribers.
  std::shared_ptr<core::Event> subscribe(const std::vector<core::JobId>& jobs);

 private:
  void wake(std::string_view payload);
  std::multimap<core::JobId, std::weak_ptr<core::Event>> subscribers_;
  std::size_t count_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // handles may outlive this object at shutdown
  std::shared_ptr<void> notices_;
};

}  // namespace jobs
