// The loop behind both streams of server-sent events: /api/jobs/{id}/events and /app/events.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/loop.h"
#include "http/request.h"
#include "http/response.h"
#include "jobs/jobs.h"

namespace jobs {

// The content of one open stream. It is asked again after each wake-up, and after longest_wait() without one, since a
// notice may be lost.
class EventSource {
 public:
  enum class Next { wait, close };
  virtual ~EventSource() = default;
  // Sends what has changed since the last call. pg::Unavailable leaves the page as it is until the next call.
  virtual Task<Next> send_changes(http::EventStream& out) = 0;
  virtual std::shared_ptr<core::Event> wakeup() const = 0;
  virtual std::chrono::seconds longest_wait() const = 0;
};
http::Response stream(std::shared_ptr<EventSource> source);

// Name and state of each step, out of a column such as "read:done,write:running".
std::vector<std::pair<std::string, std::string>> steps_in(std::string_view column);
inline constexpr std::string_view kRunning = "running";

Task<http::Response> job_events(Jobs& jobs, http::Request& rq);
Task<http::Response> user_events(Jobs& jobs, http::Request& rq);

}  // namespace jobs
