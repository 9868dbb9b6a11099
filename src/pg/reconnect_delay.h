// The pause before another attempt to connect. Private to pg/.
#pragma once

#include <chrono>

namespace pg {

// After `failures` attempts, from 1: doubles from 50 ms and stays below half a second, so that a returning server is
// used within a second; with jitter, so that processes do not reconnect in step.
std::chrono::milliseconds reconnect_delay(int failures);

}  // namespace pg
