#include "jobs/back_off.h"

#include <algorithm>
#include <cmath>

namespace jobs {

int back_off_seconds(int attempt, double jitter) {
  const int wait = std::min(300, 2 << std::clamp(attempt, 0, 8));
  return static_cast<int>(std::lround(wait * (0.8 + 0.4 * jitter)));
}

}  // namespace jobs
