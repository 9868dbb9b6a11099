#include <algorithm>
#include <cmath>

#include "outbox/outbox.h"

namespace outbox {

using std::chrono::duration;
using std::chrono::milliseconds;

std::chrono::seconds back_off(int attempts, double jitter) {
  constexpr double kFirst = 5;
  constexpr double kLongest = 16 * 3600;
  const double wait = std::min(kFirst * std::pow(5.0, std::clamp(attempts, 1, 20) - 1), kLongest);
  return std::chrono::seconds{std::max<std::int64_t>(1, std::llround(wait * (0.8 + 0.4 * jitter)))};
}

int Bucket::available(Instant now) {
  if (now > at_) {
    tokens_ = std::min(static_cast<double>(burst_), tokens_ + duration<double>(now - at_).count() * rate_);
    at_ = now;
  }
  return now < resting_until_ ? 0 : static_cast<int>(std::max(tokens_, 0.0));
}

void Bucket::pause(milliseconds time, Instant now) { resting_until_ = std::max(resting_until_, now + time); }

milliseconds Bucket::until_next(Instant now) {
  if (available(now) > 0) return milliseconds{0};
  const double missing = std::max(1.0 - tokens_, 0.0);
  const auto refill = std::chrono::ceil<milliseconds>(duration<double>(missing / rate_));
  const auto rest = std::chrono::ceil<milliseconds>(resting_until_ - std::min(now, resting_until_));
  return std::max({refill, rest, milliseconds{1}});
}

}  // namespace outbox
