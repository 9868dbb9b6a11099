#include "pg/reconnect_delay.h"

#include <algorithm>
#include <cmath>

#include "core/jitter.h"

namespace pg {

std::chrono::milliseconds reconnect_delay(int failures) {
  const int base = 50 << std::min(failures - 1, 3);
  return std::chrono::milliseconds{std::llround(base * (0.75 + 0.45 * core::jitter()))};
}

}  // namespace pg
