// Limits by owner, over the whole process, on what lasts: open event streams and unread bodies by user, or by network
// without one, and connections by network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace http::serve {

// Places, given back by the destructor.
class Slot {
 public:
  enum class Of : std::uint8_t { stream, connection, body_kib };
  // Nothing when `owner` would then hold more than `at_most`. Thread-safe.
  static std::optional<Slot> take(Of of, std::string owner, int at_most, int places = 1);
  Slot(Slot&& other) noexcept : of_(other.of_), places_(other.places_), owner_(std::exchange(other.owner_, {})) {}
  Slot& operator=(Slot&& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(places_, other.places_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~Slot();

 private:
  Slot(Of of, std::string owner, int places) : of_(of), places_(places), owner_(std::move(owner)) {}
  Of of_;
  int places_;
  std::string owner_;  // empty: moved from
};

}  // namespace http::serve
