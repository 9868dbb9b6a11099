// A leased connection and the state of the transaction on it. Private to pg/.
#pragma once

#include "pg/connection_pool.h"

namespace pg::detail {

struct Checkout {
  Checkout(ConnectionPool& of, As as, std::shared_ptr<PipelinedConnection> on)
      : pool(of), who(std::move(as)), pipe(std::move(on)) {}
  ConnectionPool& pool;
  As who;
  std::shared_ptr<PipelinedConnection> pipe;
  bool open = false;  // `begin` was sent; it goes with the first statement, so a transaction without one costs nothing
};

// Runs one statement as one implicit transaction on a shared pipeline, again where that is safe.
Task<Rows> one_trip(std::shared_ptr<ConnectionPool> pool, As who, Sql sql, Params params, Columns columns,
                    const RequestSettings* frame = nullptr);
// Runs one statement in the lease's transaction.
Task<Rows> in_transaction(Checkout& lease, Sql sql, Params params, Columns columns);
// `commit` or `rollback` in the lease's transaction.
Task<> finish(Checkout& lease, Sql verb);

}  // namespace pg::detail
