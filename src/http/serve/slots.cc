#include "http/serve/slots.h"

#include <array>
#include <mutex>
#include <unordered_map>

namespace http::serve {
namespace {

struct Taken {
  std::mutex mutex;
  std::unordered_map<std::string, int> count;  // without entries of zero, so that it does not grow
};

Taken& taken(Slot::Of of) {
  static std::array<Taken, 3> all;
  return all[static_cast<std::size_t>(of)];
}

}  // namespace

std::optional<Slot> Slot::take(Of of, std::string owner, int at_most, int places) {
  Taken& all = taken(of);
  const std::lock_guard lock(all.mutex);
  const auto found = all.count.find(owner);
  if ((found == all.count.end() ? 0 : found->second) + places > at_most) return std::nullopt;
  if (found == all.count.end()) all.count.emplace(owner, places);
  else found->second += places;
  return Slot(of, std::move(owner), places);
}

Slot::~Slot() {
  if (owner_.empty()) return;
  Taken& all = taken(of_);
  const std::lock_guard lock(all.mutex);
  const auto found = all.count.find(owner_);
  if ((found->second -= places_) == 0) all.count.erase(found);
}

}  // namespace http::serve
