#include "identity/constant_time_response.h"

#include "core/loop.h"

namespace identity {

Task<> ConstantTimeResponse::wait() const {
  if (step_.count() <= 0) co_return;
  const auto gone = std::chrono::steady_clock::now() - began_;
  const auto end = began_ + step_ * (gone / step_ + 1);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  co_await core::sleep_for(left);
}

}  // namespace identity
