#include "http/serve/streams.h"

#include <mutex>
#include <unordered_map>

namespace http::serve {
namespace {

struct Open {
  std::mutex mutex;
  std::unordered_map<std::string, int> count;  // no entry is zero, so that it holds only who reads now
};

Open& open_streams() {
  static Open all;
  return all;
}

}  // namespace

std::optional<StreamSlot> StreamSlot::take(std::string who, int at_most) {
  Open& all = open_streams();
  const std::lock_guard lock(all.mutex);
  int& count = all.count[who];
  if (count >= at_most) return std::nullopt;
  ++count;
  return StreamSlot(std::move(who));
}

StreamSlot::~StreamSlot() {
  if (who_.empty()) return;
  Open& all = open_streams();
  const std::lock_guard lock(all.mutex);
  const auto found = all.count.find(who_);
  if (--found->second == 0) all.count.erase(found);
}

}  // namespace http::serve
