// Errors that pass by themselves, so that HTTP answers 503 and the client retries.
#pragma once

#include <string_view>

namespace pg {

// The statement was valid but could not run now: timeout (57014), lock not available (55P03), out of disk or memory
// (class 53), or a standby that has not been promoted yet (25006). It had no effect.
inline bool is_transient(std::string_view sqlstate) {
  return sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25006" || sqlstate.starts_with("53");
}

}  // namespace pg
