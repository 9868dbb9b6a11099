#include <doctest/doctest.h>

#include "outbox/outbox.h"
#include "outbox/token_bucket.h"

using namespace std::chrono_literals;
using outbox::TokenBucket;

namespace {
const TokenBucket::Instant kStart{1000s};
}

TEST_CASE("a bucket grants its burst at once, then its rate and no more") {
  TokenBucket bucket(2, 3, kStart);
  CHECK(bucket.available(kStart) == 3);
  bucket.take(3);
  CHECK(bucket.available(kStart) == 0);
  CHECK(bucket.until_next(kStart) == 500ms);
  CHECK(bucket.available(kStart + 499ms) == 0);
  CHECK(bucket.available(kStart + 501ms) == 1);
  CHECK(bucket.available(kStart + 1001ms) == 2);
}

TEST_CASE("a bucket saves up no more than its burst") {
  TokenBucket bucket(2, 3, kStart);
  CHECK(bucket.available(kStart + 1h) == 3);
}

TEST_CASE("ten seconds at two a second let twenty and the burst through") {
  TokenBucket bucket(2, 2, kStart);
  int taken = 0;
  for (auto at = kStart; at < kStart + 10s; at += 10ms)
    if (const int free = bucket.available(at); free > 0) {
      bucket.take(free);
      taken += free;
    }
  CHECK(taken >= 21);
  CHECK(taken <= 22);
}

TEST_CASE("a paused lane stays paused that long, and a shorter pause does not cut it short") {
  TokenBucket bucket(100, 10, kStart);
  bucket.pause(3s, kStart);
  bucket.pause(1s, kStart);
  CHECK(bucket.available(kStart + 2999ms) == 0);
  CHECK(bucket.until_next(kStart + 1s) == 2s);
  CHECK(bucket.available(kStart + 3s) == 10);
}

TEST_CASE("the waits between eight attempts add up to about a day") {
  std::chrono::seconds shortest{0};
  std::chrono::seconds longest{0};
  for (int attempt = 1; attempt < outbox::kMaxAttempts; ++attempt) {
    CHECK(outbox::back_off(attempt, 0) < outbox::back_off(attempt, 0.999));
    shortest += outbox::back_off(attempt, 0);
    longest += outbox::back_off(attempt, 0.999);
  }
  CHECK(shortest >= 16h);
  CHECK(longest <= 27h);
  CHECK(outbox::back_off(1, 0.5) == 5s);
}
