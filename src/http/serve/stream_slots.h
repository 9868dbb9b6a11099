// Event streams have no end, so their number is limited: by user, or by address without one, over the whole process.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace http::serve {

// One open stream's place, given back by the destructor.
class StreamSlot {
 public:
  // Nothing when `owner` already holds `at_most`. Thread-safe.
  static std::optional<StreamSlot> take(std::string owner, int at_most);
  StreamSlot(StreamSlot&& other) noexcept : owner_(std::exchange(other.owner_, {})) {}
  StreamSlot& operator=(StreamSlot&& other) noexcept {
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~StreamSlot();

 private:
  explicit StreamSlot(std::string owner) : owner_(std::move(owner)) {}
  std::string owner_;  // empty: moved from
};

}  // namespace http::serve
