// A resolved read.
#pragma once

#include <cstdint>

#include "rest/config.h"
#include "rest/plan/resolve_embeds.h"
#include "rest/request/preferences.h"

namespace rest {

struct ReadPlan {
  Node root;
  Bounds bounds;
  Preferences::Count count = Preferences::Count::none;
  bool head = false;          // only the size of the page
  std::int64_t count_to = 0;  // counts no further; 0: to the end
};

}  // namespace rest
