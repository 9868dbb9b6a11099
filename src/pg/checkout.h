// A connection taken out of the pool, and the state of the transaction on it. Private to pg/.
#pragma once

#include "pg/connection_pool.h"

namespace pg::detail {

struct Checkout {
  Checkout(ConnectionPool& of, As as, ConnectionPool::CheckedOut out)
      : pool(of), who(std::move(as)), caller(out.caller), connection(std::move(out.connection)) {}
  ConnectionPool& pool;
  As who;
  Caller& caller;
  std::shared_ptr<PipelinedConnection> connection;
  bool open = false;  // `begin` was sent. It goes with the first statement, so an empty transaction costs nothing.
};

// Runs one statement as an implicit transaction on a shared pipeline, and retries it where that is safe.
Task<Rows> one_trip(std::shared_ptr<ConnectionPool> pool, As who, Sql sql, Params params, Columns columns,
                    const RequestSettings* settings = nullptr);
// Runs one statement in the checkout's transaction.
Task<Rows> in_transaction(Checkout& checkout, Sql sql, Params params, Columns columns);
// Ends the checkout's transaction with `commit` or `rollback`.
Task<> finish(Checkout& checkout, Sql verb);

}  // namespace pg::detail
