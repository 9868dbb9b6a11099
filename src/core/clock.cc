#include "core/clock.h"

#include <fmt/core.h>

#include <array>
#include <charconv>

#include "core/text.h"

namespace core {

using namespace std::chrono;

Time SystemClock::now() const { return floor<microseconds>(system_clock::now()); }

std::int64_t unix_seconds(Time time) { return floor<seconds>(time.time_since_epoch()).count(); }

namespace {
constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  int value = 0;
  if (from + count > text.size()) return std::nullopt;
  for (std::size_t i = from; i < from + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<Time> make(int y, int mo, int d, int h, int mi, int s, std::int64_t us) {
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return Time{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + microseconds{us};
}
}  // namespace

std::string rfc3339(Time time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<Time> parse_rfc3339(std::string_view t) {
  const auto y = digits(t, 0, 4), mo = digits(t, 5, 2), d = digits(t, 8, 2), h = digits(t, 11, 2),
             mi = digits(t, 14, 2), s = digits(t, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  if (t[4] != '-' || t[7] != '-' || (t[10] != 'T' && t[10] != ' ' && t[10] != 't') || t[13] != ':' || t[16] != ':')
    return std::nullopt;
  std::size_t at = 19;
  std::int64_t us = 0;
  if (at < t.size() && t[at] == '.') {
    std::int64_t scale = 100000;
    ++at;
    const std::size_t first = at;
    for (; at < t.size() && t[at] >= '0' && t[at] <= '9'; ++at) {
      us += (t[at] - '0') * scale;
      scale /= 10;
    }
    if (at == first) return std::nullopt;
  }
  const auto time = make(*y, *mo, *d, *h, *mi, *s, us);
  if (!time) return std::nullopt;
  std::string_view zone = t.substr(at);
  if (zone == "Z" || zone == "z") return time;
  if (zone.size() < 3 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  const auto zh = digits(zone, 1, 2);
  int zm = 0;
  if (!zh) return std::nullopt;
  if (zone.size() > 3) {
    const auto parsed = digits(zone, zone[3] == ':' ? 4 : 3, 2);
    if (!parsed || zone.size() != (zone[3] == ':' ? 6U : 5U)) return std::nullopt;
    zm = *parsed;
  }
  const auto offset = hours{*zh} + minutes{zm};
  return zone[0] == '+' ? *time - offset : *time + offset;
}

std::string http_date(Time time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday{day}.c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<Time> parse_http_date(std::string_view t) {
  // IMF-fixdate only; RFC 9110 5.6.7 lets senders use nothing else.
  if (t.size() != 29 || t.substr(25) != " GMT") return std::nullopt;
  for (std::size_t m = 0; m < kMonths.size(); ++m) {
    if (t.substr(8, 3) != kMonths[m]) continue;
    const auto d = digits(t, 5, 2), y = digits(t, 12, 4), h = digits(t, 17, 2), mi = digits(t, 20, 2),
               s = digits(t, 23, 2);
    if (!d || !y || !h || !mi || !s) return std::nullopt;
    return make(*y, static_cast<int>(m) + 1, *d, *h, *mi, *s, 0);
  }
  return std::nullopt;
}

}  // namespace core
