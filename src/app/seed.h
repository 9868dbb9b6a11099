// The demo user of a first start: credits, the pipeline's sample project, and its job in the queue.
#pragma once

#include "app/settings.h"

namespace app {

inline constexpr const char* kDemoEmail = "demo@example.com";

// Does nothing when the demo user exists. Refused in production. Returns the process's exit status.
int seed(const Settings& settings);

}  // namespace app
