#include "outbox/token_bucket.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace outbox {

using std::chrono::duration;
using std::chrono::milliseconds;

int TokenBucket::available(Instant now) {
  if (now > refilled_at_) {
    const double gained = duration<double>(now - refilled_at_).count() * rate_;
    tokens_ = std::min(static_cast<double>(burst_), tokens_ + gained);
    refilled_at_ = now;
  }
  return now < paused_until_ ? 0 : static_cast<int>(std::max(tokens_, 0.0));
}

void TokenBucket::pause(milliseconds time, Instant now) { paused_until_ = std::max(paused_until_, now + time); }

milliseconds TokenBucket::until_next(Instant now) {
  if (available(now) > 0) return milliseconds{0};
  const double missing = std::max(1.0 - tokens_, 0.0);
  const auto refill = std::chrono::ceil<milliseconds>(duration<double>(missing / rate_));
  const auto pause = std::chrono::ceil<milliseconds>(paused_until_ - std::min(now, paused_until_));
  return std::max({refill, pause, milliseconds{1}});
}

std::chrono::seconds back_off(int attempts, double jitter) {
  constexpr double kFirst = 5;
  constexpr double kMax = 16 * 3600;
  const double wait = std::min(kFirst * std::pow(5.0, std::clamp(attempts, 1, 20) - 1), kMax);
  return std::chrono::seconds{std::max<std::int64_t>(1, std::llround(wait * (0.8 + 0.4 * jitter)))};
}

}  // namespace outbox
