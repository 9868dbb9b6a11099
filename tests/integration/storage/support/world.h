// The names that the suites of projects and jobs use for support::StorageApp.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <variant>

#include "core/text.h"
#include "support/storage_app.h"

namespace world {

using core::Task;
using support::Answer;
using support::Call;
using support::env;
using support::key;
using support::user;

struct World : support::StorageApp {
  core::BlockingPool& disk = pool;
};

}  // namespace world
