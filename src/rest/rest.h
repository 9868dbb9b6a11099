// CONTRACT. The data API: /rest/v1 on PostgREST's wire. Every statement runs as the caller's role with his claims;
// row-level security and grants decide what he sees and may do. Start reading at routes.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/loop.h"
#include "http/router.h"
#include "pg/listener.h"
#include "pg/pg.h"

namespace rest {

using core::Task;

struct Config {
  std::vector<std::string> schemas{"public"};  // REST_SCHEMAS: exposed, the first is the default
  std::string search_path;                     // of each statement, behind its schema: REST_EXTRA_SEARCH_PATH
  std::int64_t max_rows = 1000;                // REST_MAX_ROWS, of one answer
  std::uint64_t max_body = 1 << 20;            // REST_MAX_BODY_BYTES
  bool aggregates = false;                     // REST_AGGREGATES: count(), sum(), … in select
  bool may_roll_back = false;                  // REST_TX_ROLLBACK: `Prefer: tx=rollback` is honoured
  std::string public_url;                      // SUPABASE_URL, else APP_BASE_URL: what the Swagger document names
  static Config from(core::Env& env);
};

class SchemaCache;

// The module of one loop.
struct Rest {
  Rest(core::Loop& loop, pg::Db& db, pg::Listener& listener, Config config);
  ~Rest();
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;
  // Reads the schema again, as on `NOTIFY pgrst, 'reload schema'`.
  void reload();
  // Ends the background work; before the Db is closed.
  Task<> close();

  pg::Db& db;
  const Config config;
  const std::unique_ptr<SchemaCache> schema;
};

void mount(http::Router& router, Rest& rest);  // /rest/v1
// A Problem in the error object of /rest/v1, where the server refuses before or beside its handlers.
http::Response wire_problem(const core::Problem& problem);

}  // namespace rest
