#include "html/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "core/text.h"

namespace html {

namespace {

std::string named_month(std::string_view locale, unsigned month) {
  const std::string months = text(locale, "html.format.months");
  const auto names = core::split(months, ' ');
  return month <= names.size() ? std::string{names[month - 1]} : std::to_string(month);
}

std::string date_text(std::string_view locale, const std::chrono::year_month_day& date) {
  return text(locale, "html.format.day",
              {{"day", std::to_string(unsigned{date.day()})},
               {"month", named_month(locale, unsigned{date.month()})},
               {"year", std::to_string(int{date.year()})}});
}

}  // namespace

std::string number(std::int64_t n, std::string_view locale) {
  std::string digits = std::to_string(n);
  const std::string group = text(locale, "html.format.group");
  const std::size_t first = n < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, group);
  }
  return digits;
}

std::string percent(int n, std::string_view locale) {
  return text(locale, "html.format.percent", {{"progress", std::to_string(n)}});
}

std::string bytes(std::uint64_t n, std::string_view locale) {
  if (n < 1000) return fmt::format("{} B", n);
  static constexpr std::array<std::string_view, 5> kUnits{"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(n) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::string shown = fmt::format("{:.1f} {}", value, kUnits[unit]);
  shown.replace(shown.find('.'), 1, text(locale, "html.format.decimal"));
  return shown;
}

std::string duration(std::int64_t seconds) {
  if (seconds < 0) seconds = 0;
  const std::int64_t hours = seconds / 3600;
  const std::int64_t minutes = seconds / 60 % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, seconds % 60);
  return fmt::format("{}:{:02}", minutes, seconds % 60);
}

std::string wait(std::int64_t seconds, std::string_view locale) {
  constexpr std::int64_t kMinute = 60, kHour = 3600;
  const auto in = [seconds](std::int64_t unit) { return (seconds + unit - 1) / unit; };
  if (seconds <= 90) return pluralize(locale, "html.format.seconds", seconds);
  if (in(kMinute) <= 90) return pluralize(locale, "html.format.minutes", in(kMinute));
  return pluralize(locale, "html.format.hours", in(kHour));
}

std::string day(core::Time time, std::string_view locale) {
  return date_text(locale, std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(time)});
}

std::string moment(core::Time time, std::string_view locale) {
  const auto start = std::chrono::floor<std::chrono::days>(time);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time - start).count();
  return date_text(locale, std::chrono::year_month_day{start}) +
         fmt::format(", {:02}:{:02} UTC", minutes / 60, minutes % 60);
}

Data when(core::Time time, std::string_view locale) {
  return Data{}.set("iso", core::rfc3339(time)).set("text", moment(time, locale));
}

Data bars(const std::vector<std::int64_t>& values, std::string label) {
  constexpr std::int64_t kHeight = 40, kStep = 10, kWidth = 7, kLeast = 2;
  const std::int64_t most = std::max<std::int64_t>(1, values.empty() ? 1 : *std::ranges::max_element(values));
  Rows rows;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t tall = std::max(kLeast, std::max<std::int64_t>(0, values[i]) * kHeight / most);
    rows.push_back(Data{}
                       .set("x", std::to_string(static_cast<std::int64_t>(i) * kStep))
                       .set("y", std::to_string(kHeight - tall))
                       .set("width", std::to_string(kWidth))
                       .set("height", std::to_string(tall))
                       .set("kind", values[i] <= 0           ? "none"
                                    : i + 1 == values.size() ? "today"
                                                             : "some"));
  }
  const auto wide = static_cast<std::int64_t>(values.size()) * kStep - (kStep - kWidth);
  return Data{}
      .set("bars", std::move(rows))
      .set("label", std::move(label))
      .set("box", "0 0 " + std::to_string(std::max(wide, kWidth)) + " " + std::to_string(kHeight));
}

}  // namespace html
