// Answers that must tell nothing by their time (spec/security.md 3.2).
#pragma once

#include <chrono>

#include "auth/auth.h"

namespace auth {

// Begun before the work; pass() then waits until a whole multiple of the step has gone by since. Work that fits into
// one step is answered after exactly one, whatever was found; slower work tells only how many steps it took. Hashing
// has a longer step: it has its turn after everything else on the machine.
class EvenTime {
 public:
  enum class Work { queries, hashing };
  explicit EvenTime(const Auth& auth, Work work = Work::queries)
      : step_(auth.config.even_step * (work == Work::hashing ? 2 : 1)), began_(std::chrono::steady_clock::now()) {}
  Task<> pass() const;

 private:
  std::chrono::milliseconds step_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace auth
