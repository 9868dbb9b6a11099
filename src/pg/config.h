// Settings of the database client.
#pragma once

#include "core/env.h"

namespace pg {

struct Config {
  core::Secret url;               // DATABASE_URL: the run-time login
  core::Secret direct_url;        // DATABASE_DIRECT_URL, else url: LISTEN, migrations, advisory locks
  bool prepared = true;           // PG_PREPARED=off behind poolers that cannot
  int shared_pipelines = 1;       // PG_PIPELINES, per loop
  int checkout_connections = 4;   // PG_CHECKOUTS, per loop
  int spare_pipelines = 2;        // opened while a slow statement holds up all the others
  bool short_lock_waits = false;  // a statement waits at most a second for a lock: somebody waits for the answer
  static Config from(core::Env& env);
};

}  // namespace pg
