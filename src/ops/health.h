// /healthz: the process is alive. /readyz: every check passes, or 503 with the ones that fail.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/task.h"
#include "http/router.h"

namespace ops {

struct ReadyCheck {
  std::string name;
  std::function<core::Task<bool>()> answers;  // has a deadline of its own
};

void mount(http::Router& router, std::vector<ReadyCheck> checks);

}  // namespace ops
