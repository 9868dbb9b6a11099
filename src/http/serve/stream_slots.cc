#include "http/serve/stream_slots.h"

#include <mutex>
#include <unordered_map>

namespace http::serve {
namespace {

struct Open {
  std::mutex mutex;
  std::unordered_map<std::string, int> count;  // without entries of zero, so that it does not grow
};

Open& open_streams() {
  static Open all;
  return all;
}

}  // namespace

std::optional<StreamSlot> StreamSlot::take(std::string owner, int at_most) {
  Open& all = open_streams();
  const std::lock_guard lock(all.mutex);
  int& count = all.count[owner];
  if (count >= at_most) return std::nullopt;
  ++count;
  return StreamSlot(std::move(owner));
}

StreamSlot::~StreamSlot() {
  if (owner_.empty()) return;
  Open& all = open_streams();
  const std::lock_guard lock(all.mutex);
  const auto found = all.count.find(owner_);
  if (--found->second == 0) all.count.erase(found);
}

}  // namespace http::serve
