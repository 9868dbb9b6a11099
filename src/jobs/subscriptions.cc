#include "jobs/subscriptions.h"

#include "core/problem.h"

namespace jobs {

JobSubscriptions::JobSubscriptions(pg::Listener& listener)
    : notices_(listener.subscribe("tenon_progress", [this](std::string_view payload) { wake(payload); })) {}

void JobSubscriptions::wake(std::string_view payload) {
  const auto job = core::JobId::parse(payload);
  if (!job) return;
  const auto [from, to] = subscribers_.equal_range(*job);
  for (auto it = from; it != to; ++it)
    if (const auto wakeup = it->second.lock()) wakeup->set();
}

std::shared_ptr<core::Event> JobSubscriptions::subscribe(const std::vector<core::JobId>& jobs) {
  if (count_ >= kMost) {
    core::Problem busy(503, "jobs.busy");
    busy.headers.emplace_back("Retry-After", "5");
    throw busy;
  }
  ++count_;
  std::vector<decltype(subscribers_)::iterator> places;
  for (const core::JobId job : jobs) places.push_back(subscribers_.emplace(job, std::weak_ptr<core::Event>()));
  const auto unsubscribe = [this, places, alive = std::weak_ptr<bool>(alive_)](core::Event* wakeup) {
    if (!alive.expired()) {
      for (const auto place : places) subscribers_.erase(place);
      --count_;
    }
    delete wakeup;
  };
  std::shared_ptr<core::Event> wakeup(new core::Event, unsubscribe);
  for (const auto place : places) place->second = wakeup;
  return wakeup;
}

}  // namespace jobs
