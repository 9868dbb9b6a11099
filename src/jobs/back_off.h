// The wait before a failed step is tried again.
#pragma once

namespace jobs {

// Seconds after the job's `attempt` (from 0): 2, 4, 8 … to 300; `jitter` in [0, 1) spreads them from 80 % to 120 %, so
// that jobs that failed together do not all return together.
int back_off_seconds(int attempt, double jitter);

}  // namespace jobs
