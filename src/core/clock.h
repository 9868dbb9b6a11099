// Time as a dependency: modules take Clock&, tests turn a ManualClock by hand. Wall-clock times are UTC with
// microseconds, as Postgres keeps them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace core {

using Time = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Time now_;
};

std::int64_t unix_seconds(Time time);
std::string rfc3339(Time time);                            // 2026-01-02T03:04:05.678901Z
std::optional<Time> parse_rfc3339(std::string_view text);  // also Postgres's "2026-01-02 03:04:05.6+00"
std::string http_date(Time time);                          // RFC 9110: Sun, 06 Nov 1994 08:49:37 GMT
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace core
