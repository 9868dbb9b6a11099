// DELETE /{table}.
#include "rest/written.h"

namespace rest {

Task<http::Response> remove(Call& call) {
  const Table& table = call.table();
  const Query query = parse_query(call.rq.queries);
  refuse_page(query);
  const Node root = resolve(*call.catalogue, table, query.root);
  const Plan plan = plan::remove(root, showing_of(call), call.bounds);
  Task<pg::Rows> running = run(call, plan.sql);
  co_return written(call, table, plan, co_await running, {}, {.returns = true, .max_affected = true, .end = true});
}

}  // namespace rest
