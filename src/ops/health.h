// /healthz (the process is alive) and /readyz (database and storage answer).
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
  std::function<core::Task<bool>()> answers;  // bounded in time by whoever implements it
};

void mount(http::Router& router, std::vector<ReadyCheck> checks);

}  // namespace ops
