// Chance for back-off: callers that failed together must not return together.
#pragma once

namespace core {

double jitter();  // uniform in [0, 1); not for secrets (crypto.h)

}  // namespace core
