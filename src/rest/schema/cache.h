// The catalogue of one loop: loaded at start, loaded again on `NOTIFY pgrst, 'reload schema'` and swapped while
// requests go on with the one they hold.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/loop.h"
#include "pg/listener.h"
#include "pg/pg.h"
#include "rest/schema/catalogue.h"

namespace rest {

class SchemaCache {
 public:
  SchemaCache(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::vector<std::string> schemas);
  ~SchemaCache();
  // The present one. The first callers wait for it; Fault PGRST002 when it does not come within four seconds.
  core::Task<std::shared_ptr<const Catalogue>> get();
  void reload();
  // Ends the background work; before the database is closed.
  core::Task<> close();

 private:
  struct State;
  static core::Task<> keep_fresh(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
  core::TaskGroup group_;
  std::shared_ptr<void> subscription_;
};

}  // namespace rest
