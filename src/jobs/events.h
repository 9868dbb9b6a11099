// News of running jobs for the open pages of one loop, fed by NOTIFY tenon_progress. A notice says only which job
// moved: each page reads the row again as its own user.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jobs/jobs.h"

namespace jobs {

class Jobs::Hub {
 public:
  static constexpr std::size_t kMostFollowers = 2000;

  explicit Hub(pg::Listener& listener);
  // Rings while the returned handle lives. Null when too many follow already.
  std::shared_ptr<core::Event> follow(core::JobId job) { return follow(std::vector{job}); }
  // One bell for all of them; none is fine, it then rings for nobody.
  std::shared_ptr<core::Event> follow(const std::vector<core::JobId>& jobs);
  std::size_t followers() const { return count_; }

 private:
  void ring(std::string_view payload);
  std::multimap<core::JobId, std::weak_ptr<core::Event>> waiting_;
  std::size_t count_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // handles may outlive the hub at shutdown
  std::shared_ptr<void> subscription_;
};

Task<http::Response> events(Jobs& jobs, http::Request& rq);
// All that the caller's open page shows: his jobs, his balance, and a sentence when a job ends (news.cc).
Task<http::Response> news(Jobs& jobs, http::Request& rq);

}  // namespace jobs
