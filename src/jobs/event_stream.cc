#include "jobs/event_stream.h"

#include "core/task_context.h"
#include "core/text.h"

namespace jobs {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kHeartbeatEvery{15};

Task<> run(std::shared_ptr<EventSource> source, http::EventStream& out) {
  Steady::time_point heartbeat_at = Steady::now() + kHeartbeatEvery;
  while (!core::task_context()->stop.stop_requested()) {
    try {
      if (co_await source->send_changes(out) == EventSource::Next::close) co_return;
    } catch (const pg::Unavailable&) {
      // The page stays as it is until the database is back.
    }
    const std::shared_ptr<core::Event> wakeup = source->wakeup();
    co_await wakeup->wait(source->longest_wait());
    if (Steady::now() < heartbeat_at) continue;
    heartbeat_at = Steady::now() + kHeartbeatEvery;
    co_await out.comment();
  }
}

}  // namespace

http::Response stream(std::shared_ptr<EventSource> source) {
  return http::events([source](http::EventStream& out) { return run(source, out); });
}

std::vector<std::pair<std::string, std::string>> steps_in(std::string_view column) {
  std::vector<std::pair<std::string, std::string>> steps;
  for (const std::string_view item : core::split(column, ',')) {
    const std::size_t colon = item.find(':');
    if (colon != std::string_view::npos) steps.emplace_back(item.substr(0, colon), item.substr(colon + 1));
  }
  return steps;
}

}  // namespace jobs
