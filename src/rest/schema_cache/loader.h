// Keeps the schema cache of one loop: loads it at start and on `NOTIFY pgrst, 'reload schema'`. Requests under way keep
// the one they started with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/loop.h"
#include "pg/listener.h"
#include "pg/pg.h"
#include "rest/schema_cache/schema_cache.h"

namespace rest {

class SchemaCacheLoader {
 public:
  SchemaCacheLoader(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::vector<std::string> schemas);
  ~SchemaCacheLoader();
  // The current one. Waits up to four seconds for the first, then throws Error PGRST002.
  core::Task<std::shared_ptr<const SchemaCache>> get();
  void reload();
  // Ends the background work. Call it before the database is closed.
  core::Task<> close();

 private:
  struct State;
  static core::Task<> keep_fresh(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
  core::TaskGroup group_;
  std::shared_ptr<void> subscription_;
};

}  // namespace rest
