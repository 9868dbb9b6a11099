#include "core/jitter.h"

#include <random>

namespace core {

double jitter() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(random);
}

}  // namespace core
