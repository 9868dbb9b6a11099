// GET and HEAD /{table}: parse, resolve, plan, execute, respond.
#include <algorithm>

#include "core/json.h"
#include "rest/endpoints.h"
#include "rest/request/range.h"
#include "rest/response/body.h"
#include "rest/response/content_range.h"
#include "rest/response/preference_applied.h"
#include "rest/sql/statement.h"

namespace rest {
namespace {

using Count = Preferences::Count;

// The planner's estimate of the rows.
Task<std::int64_t> estimate(const ReadPlan& plan, Executor& executor) {
  const SqlText sql = explain_statement(plan.root);
  const pg::Rows rows = co_await executor.run(sql);
  const auto tree = core::Json::parse(rows.size() == 1 ? rows.cell(0, 0).value_or("") : "");
  co_return tree ? static_cast<std::int64_t>((*tree)[std::size_t{0}]["Plan"]["Plan Rows"].number().value_or(0)) : 0;
}

// The total row count, exact or estimated as requested by `Prefer: count`. An estimate is never below the rows seen.
Task<std::optional<std::int64_t>> total_rows(const Request& request, const ReadPlan& plan, const ResultSet& result,
                                             std::int64_t seen, Executor& executor) {
  const Count count = request.preferences.count;
  if (count == Count::none) co_return std::nullopt;
  if (count == Count::exact) co_return result.total;
  if (count == Count::estimated && result.total.value_or(0) <= plan.bounds.max_rows) co_return result.total;
  co_return std::max({co_await estimate(plan, executor), result.total.value_or(0), seen});
}

}  // namespace

Task<http::Response> read(const Request& request, const SchemaCache& schema_cache, Executor& executor) {
  const Table& table = schema_cache.require_table(request.schema, request.table());
  QueryParams query = parse_query_params(request.http.queries);
  const Page page = apply_range(request, query.root);

  const ReadPlan plan{.root = resolve_embeds(schema_cache, table, query.root),
                      .bounds = request.bounds(),
                      .count = page.count_to > 0 ? Count::exact : request.preferences.count,
                      .head = request.is_head(),
                      .count_to = page.count_to};
  const Statement statement = read_statement(plan);

  if (statement.bare) executor.read_whole();
  const ResultSet result = read_result_set(statement, co_await executor.run(statement.sql));
  const std::int64_t seen = result.size > 0 ? page.offset + result.size : 0;
  const std::optional<std::int64_t> total = co_await total_rows(request, plan, result, seen, executor);

  const bool counted_for_range = page.count_to > 0 && result.size > 0;
  const TotalKind kind = request.preferences.count == Count::exact ? TotalKind::exact : TotalKind::estimated;
  const int status = page_status(page.offset, result.size, counted_for_range ? result.total : total, kind);
  http::Response response =
      plan.head ? head_response(result, request.media) : rows_response(schema_cache, result, request);
  if (request.media.kind != MediaType::Kind::object || status != 206) response.status = status;
  response.headers.set("Content-Range", content_range(page.offset, result.size, total));
  set_preference_applied(response, request.preferences, {});
  co_return response;
}

}  // namespace rest
