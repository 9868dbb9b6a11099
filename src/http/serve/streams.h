// Event streams are endless: each person, or each address without one, may hold so many in the whole process.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace http::serve {

// One open stream; its end gives the place back.
class StreamSlot {
 public:
  // Nothing when `who` already holds `at_most`. From any thread.
  static std::optional<StreamSlot> take(std::string who, int at_most);
  StreamSlot(StreamSlot&& other) noexcept : who_(std::exchange(other.who_, {})) {}
  StreamSlot& operator=(StreamSlot&& other) noexcept {
    std::swap(who_, other.who_);
    return *this;
  }
  ~StreamSlot();

 private:
  explicit StreamSlot(std::string who) : who_(std::move(who)) {}
  std::string who_;  // empty: moved from
};

}  // namespace http::serve
