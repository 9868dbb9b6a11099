// Whether a refusal passes by itself, so that the outside is told 503 and asked to come again.
#pragma once

#include <string_view>

namespace pg {

// The statement was right and the server could not carry it out now: its time was over (57014), a lock was not to be
// had (55P03), no room or memory (class 53), or a standby that has not taken over yet (25006). Nothing has taken
// effect.
inline bool is_transient(std::string_view sqlstate) {
  return sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25006" || sqlstate.starts_with("53");
}

}  // namespace pg
