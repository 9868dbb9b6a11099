// Times, sizes and numbers as people read them. Times are UTC; app.js shows them in the reader's own zone.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.h"
#include "html/html.h"

namespace html {

std::string number(std::int64_t n);          // 12,345
std::string bytes(std::uint64_t n);          // 3.4 MB (powers of 1000)
std::string duration(std::int64_t seconds);  // 1:05, 1:02:03
std::string moment(core::Time time);         // 22 Nov 2026, 22:42 UTC
Data when(core::Time time);                  // {iso, text} for {{> ui/time}}

}  // namespace html
