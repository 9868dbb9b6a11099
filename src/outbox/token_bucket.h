// How fast a lane may deliver: its token bucket, and the wait between attempts.
#pragma once

#include <chrono>

namespace outbox {

// Tokens refill with time, up to `burst`.
class TokenBucket {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  TokenBucket(double per_second, int burst, Instant now)
      : rate_(per_second), burst_(burst), tokens_(burst), refilled_at_(now) {}
  int available(Instant now);                               // whole tokens
  void take(int tokens) { tokens_ -= tokens; }              // at most what was available
  void pause(std::chrono::milliseconds time, Instant now);  // none available before now + time
  void set_rate(double per_second) { rate_ = per_second; }
  std::chrono::milliseconds until_next(Instant now);  // until one is available; 0 when one is

 private:
  double rate_;
  int burst_;
  double tokens_;
  Instant refilled_at_;
  Instant paused_until_{};
};

// The wait after `attempts` attempts have failed; `jitter` in [0, 1) spreads it from 80 % to 120 %.
std::chrono::seconds back_off(int attempts, double jitter);

}  // namespace outbox
