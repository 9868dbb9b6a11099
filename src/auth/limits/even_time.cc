#include "auth/limits/even_time.h"

#include "core/loop.h"

namespace auth {

Task<> EvenTime::pass() const {
  if (step_.count() <= 0) co_return;
  const auto gone = std::chrono::steady_clock::now() - began_;
  const auto end = began_ + step_ * (gone / step_ + 1);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  co_await core::sleep_for(left);
}

}  // namespace auth
