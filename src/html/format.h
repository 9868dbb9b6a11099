// Times, sizes and numbers in the reader's language (texts html.format.*). Times are UTC; app.js shows them in the
// reader's zone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "html/html.h"

namespace html {

std::string number(std::int64_t n, std::string_view locale = "en");  // 12,345
std::string percent(int n, std::string_view locale = "en");          // 40%
std::string bytes(std::uint64_t n, std::string_view locale = "en");  // 3.4 MB (powers of 1000)
std::string duration(std::int64_t seconds);                          // 1:05, 1:02:03
// A time to wait, rounded up, as it is written after "in": one second, 30 seconds, 2 minutes, 3 hours.
std::string wait(std::int64_t seconds, std::string_view locale = "en");
std::string moment(core::Time time, std::string_view locale = "en");  // 22 Nov 2026, 22:42 UTC
std::string day(core::Time time, std::string_view locale = "en");     // 22 Nov 2026
Data when(core::Time time, std::string_view locale = "en");           // {iso, text} for {{> ui/time}}

// The data of {{> ui/bars}}, a row of bars in SVG, the newest last. `label` is its text for screen readers.
Data bars(const std::vector<std::int64_t>& values, std::string label);

}  // namespace html
