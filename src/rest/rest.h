// The data API: /rest/v1 as PostgREST serves it. Every statement runs as the caller's role with the caller's claims, so
// grants and row-level security decide. Start reading at routes.cc.
#pragma once

#include <memory>

#include "core/loop.h"
#include "http/router.h"
#include "pg/listener.h"
#include "pg/pg.h"
#include "rest/config.h"

namespace rest {

using core::Task;

class SchemaCacheLoader;

// The module of one loop.
struct Rest {
  Rest(core::Loop& loop, pg::Db& db, pg::Listener& listener, Config config);
  ~Rest();
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;
  // Reads the schema again, as on `NOTIFY pgrst, 'reload schema'`.
  void reload();
  // Ends the background work. Call it before the Db is closed.
  Task<> close();

  pg::Db& db;
  const Config config;
  const std::unique_ptr<SchemaCacheLoader> schema_cache;
};

void mount(http::Router& router, Rest& rest);  // /rest/v1

}  // namespace rest
