// Waiting for a condition with a deadline, in place of sleeping for a time that is hoped to be enough.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "core/loop.h"

namespace support {

inline constexpr std::chrono::milliseconds kPatience{10000};
inline constexpr std::chrono::milliseconds kPoll{5};

// Blocks the thread until `holds` is true; false when that takes longer than `limit`.
inline bool wait_until(const std::function<bool()>& holds, std::chrono::milliseconds limit = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

// The same on an event loop, which runs meanwhile.
inline core::Task<bool> until(std::function<bool()> holds, std::chrono::milliseconds limit = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) co_return false;
    co_await core::sleep_for(kPoll);
  }
  co_return true;
}

}  // namespace support
