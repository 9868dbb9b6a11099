#include "pg/callers.h"

namespace pg::detail {

namespace {
constexpr std::size_t kRemembered = 256;  // slow callers with nothing to do
}

Caller& Callers::arrive(std::string_view name) {
  auto found = all_.find(name);
  if (found == all_.end()) {
    found = all_.try_emplace(std::string(name)).first;
    found->second.name = found->first;
    found->second.bounded = !name.empty();
  }
  if (found->second.load++ == 0) ++active_;
  return found->second;
}

void Callers::depart(Caller& caller, Instant now) {
  if (--caller.load > 0) return;
  --active_;
  if (!caller.is_slow(now)) all_.erase(all_.find(caller.name));
  else if (all_.size() > static_cast<std::size_t>(active_) + kRemembered)
    std::erase_if(all_, [now](const auto& entry) { return entry.second.load == 0 && !entry.second.is_slow(now); });
}

}  // namespace pg::detail
