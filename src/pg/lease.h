// A leased connection and the state of the transaction on it. Private to pg/.
#pragma once

#include "pg/engine.h"

namespace pg::detail {

struct Lease {
  Lease(Engine& of, As as, std::shared_ptr<Pipe> on) : engine(of), who(std::move(as)), pipe(std::move(on)) {}
  Engine& engine;
  As who;
  std::shared_ptr<Pipe> pipe;
  bool open = false;  // `begin` was sent; it goes with the first statement, so a transaction without one costs nothing
};

// Runs one statement as one implicit transaction on a shared pipeline, again where that is safe.
Task<Rows> one_trip(std::shared_ptr<Engine> engine, As who, Sql sql, Params params, Columns columns,
                    const Frame* frame = nullptr);
// Runs one statement in the lease's transaction.
Task<Rows> in_transaction(Lease& lease, Sql sql, Params params, Columns columns);
// `commit` or `rollback` in the lease's transaction.
Task<> finish(Lease& lease, Sql verb);

}  // namespace pg::detail
