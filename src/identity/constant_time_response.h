// Responses that must leak nothing through their timing (docs/spec/security.md 3.2).
#pragma once

#include <chrono>

#include "identity/identity.h"

namespace identity {

// Construct it before the work; wait() then waits until a whole multiple of the step has passed. Work that fits into
// one step takes exactly one, whatever it found; slower work reveals only the number of steps. Hashing has a longer
// step, because it runs at low priority.
class ConstantTimeResponse {
 public:
  enum class Work { queries, hashing };
  explicit ConstantTimeResponse(const Identity& identity, Work work = Work::queries)
      : step_(identity.config.response_step * (work == Work::hashing ? 2 : 1)),
        began_(std::chrono::steady_clock::now()) {}
  Task<> wait() const;

 private:
  std::chrono::milliseconds step_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace identity
