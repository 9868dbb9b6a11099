// GET, HEAD and POST /rpc/{function}: parse, resolve, plan, execute, respond.
#include "rest/endpoints.h"
#include "rest/plan/resolve_overload.h"
#include "rest/request/range.h"
#include "rest/response/body.h"
#include "rest/response/content_range.h"
#include "rest/response/preference_applied.h"
#include "rest/sql/statement.h"

namespace rest {
namespace {

using Count = Preferences::Count;

bool selects_or_filters(const QueryParams& query) { return query.has_select || !query.root.conditions.empty(); }

http::Response respond_with_set(const Request& request, const SchemaCache& schema_cache, const CallPlan& plan,
                                std::int64_t offset, const ResultSet& result) {
  const auto total = request.preferences.count == Count::none ? std::nullopt : result.total;
  const TotalKind kind = request.preferences.count == Count::exact ? TotalKind::exact : TotalKind::estimated;
  const int status = page_status(offset, result.size, result.size > 0 ? result.total : total, kind);
  http::Response response = plan.read.head                      ? head_response(result, request.media)
                            : plan.shape == ResultShape::values ? value_response(schema_cache, result, request, true)
                                                                : rows_response(schema_cache, result, request);
  response.status = status;
  response.headers.set("Content-Range", content_range(offset, result.size, total));
  return response;
}

// A single row is an object, also when an array was requested.
http::Response row_or_value(const Request& request, const SchemaCache& schema_cache, ResultShape shape,
                            const ResultSet& result) {
  if (shape == ResultShape::nothing) return http::empty(204);
  if (shape == ResultShape::value || result.size != 1) return value_response(schema_cache, result, request, false);
  if (request.media.kind != MediaType::Kind::array) return rows_response(schema_cache, result, request);
  MediaType object = request.media;
  object.kind = MediaType::Kind::object;
  http::Response response = rows_response(schema_cache, result, request, object);
  response.headers.set("Content-Type", "application/json; charset=utf-8");
  return response;
}

http::Response respond_with_one(const Request& request, const SchemaCache& schema_cache, ResultShape shape,
                                const ResultSet& result) {
  http::Response response = row_or_value(request, schema_cache, shape, result);
  if (request.is_head()) response.body = std::string();
  const bool counts = request.preferences.count != Count::none;
  response.headers.set("Content-Range",
                       content_range(0, result.size, counts ? std::optional(result.size) : std::nullopt));
  return response;
}

}  // namespace

Task<http::Response> call(const Request& request, const SchemaCache& schema_cache, Executor& executor) {
  const bool posts = !request.is_read();
  RpcInput input = posts ? parse_rpc_body(request.http)
                         : parse_rpc_query(request.http, schema_cache.routines(request.schema, request.routine()));
  const Routine& routine = resolve_overload(schema_cache, request.schema, request.routine(), input.params, input.body);
  executor.set_read_only(!posts || !routine.is_volatile);
  QueryParams query = parse_query_params(input.query);

  CallPlan plan{.routine = &routine, .params = std::move(input.params)};
  plan.shape = shape_of(routine, selects_or_filters(query));
  if (plan.shape == ResultShape::values) query.root.items = parse_select("*");
  const Page page = plan.is_set() ? apply_range(request, query.root) : Page{};
  const bool minimal = posts && request.preferences.returns == Preferences::Return::minimal;
  if (routine.takes_body() && posts) plan.body = body_as_argument(request.http, input.body);
  plan.single = request.media.kind == MediaType::Kind::object && posts && routine.is_volatile;
  if (request.preferences.handling == Preferences::Handling::strict)
    plan.max_affected = request.preferences.max_affected;
  plan.read.bounds = request.bounds();
  if (plan.is_set()) {
    // The planner cannot estimate a function's rows, so every count is exact.
    if (request.preferences.count != Count::none || page.count_to > 0) plan.read.count = Count::exact;
    plan.read.count_to = page.count_to;
    plan.read.head = minimal || request.is_head();
  }
  if (plan.is_set() || plan.shape == ResultShape::row)
    plan.read.root = resolve_embeds(schema_cache, routine, schema_cache.table_of_oid(routine.returns_row), query.root);
  const Statement statement = call_statement(plan);

  if (statement.bare) executor.read_whole();
  const ResultSet result = read_result_set(statement, co_await executor.run(statement.sql));

  http::Response response = plan.is_set() ? respond_with_set(request, schema_cache, plan, page.offset, result)
                                          : respond_with_one(request, schema_cache, plan.shape, result);
  if (minimal) {
    http::Response empty = http::empty(204);
    empty.headers.set("Content-Range", std::string(response.headers.get("Content-Range")));
    response = std::move(empty);
  }
  set_preference_applied(response, request.preferences, {.returns = posts, .max_affected = true, .transaction = true});
  co_return response;
}

}  // namespace rest
