// GET and HEAD /{table}.
#include "rest/call.h"

namespace rest {

Task<http::Response> read(Call& call) {
  const Table& table = call.table();
  Query query = parse_query(call.rq.queries);
  const std::int64_t offset = call.page(query.root);
  const Node root = resolve(*call.catalogue, table, query.root);
  const bool head = call.rq.method == http::Method::head;
  const std::int64_t count_to = call.counts_to(query.root);
  const plan::Reading reading{
      .count = count_to > 0 ? Prefer::Count::exact : call.prefer.count, .head = head, .count_to = count_to};
  const Plan plan = plan::read(root, reading, call.bounds);
  Task<pg::Rows> running = run(call, plan.sql);
  const Found page = found(plan, co_await running);
  Task<std::optional<std::int64_t>> counting = total_of(call, root, page.total, page.size > 0 ? offset + page.size : 0);
  const auto total = co_await counting;
  const bool in_range = count_to > 0 && page.size > 0;
  const int status = page_status(offset, page.size, in_range ? page.total : total, call.total_known());
  http::Response response = head ? rows_head(page, call.media) : rows_answer(*call.catalogue, page, call.media);
  if (call.media.type != Media::Type::object || status != 206) response.status = status;
  response.headers.set("Content-Range", content_range(offset, page.size, total));
  set_applied(response, call.prefer, {});
  co_return response;
}

}  // namespace rest
