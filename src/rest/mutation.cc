// POST, PUT, PATCH and DELETE /{table}: parse, resolve, plan, execute, respond.
#include <fmt/format.h>

#include "core/text.h"
#include "rest/endpoints.h"
#include "rest/error.h"
#include "rest/plan/mutate_plan.h"
#include "rest/response/body.h"
#include "rest/response/preference_applied.h"
#include "rest/sql/statement.h"

namespace rest {
namespace {

constexpr AppliedPreferences kInsert{
    .returns = true, .resolution = true, .missing = true, .max_affected = true, .transaction = true};
constexpr AppliedPreferences kPut{.returns = true, .max_affected = true, .transaction = true};
constexpr AppliedPreferences kUpdate{.returns = true, .missing = true, .max_affected = true, .transaction = true};
constexpr AppliedPreferences kDelete{.returns = true, .max_affected = true, .transaction = true};

// The statuses with and without a body.
struct Statuses {
  int rows = 200;
  int empty = 204;
};
constexpr Statuses kCreated{.rows = 201, .empty = 201};

// The URL of a single row, by its primary key. Empty without a key or with another number of rows.
std::string location(const Table& table, const ResultSet& result) {
  if (result.size != 1 || table.primary_key.empty()) return {};
  std::string out = "/" + core::percent_encode(table.name);
  for (std::size_t i = 0; i < table.primary_key.size(); ++i) {
    const auto cell = result.rows.cell(0, result.first_column + static_cast<int>(i));
    out += i == 0 ? '?' : '&';
    out += core::percent_encode(table.primary_key[i]);
    out += cell ? "=eq." + core::percent_encode(*cell) : "=is.null";
  }
  return out;
}

http::Response respond(const Request& request, const SchemaCache& schema_cache, const Table& table,
                       const Returning& returning, const Statement& statement, const ResultSet& result,
                       Statuses statuses, const AppliedPreferences& applied) {
  const bool has_body = returning.returns == Preferences::Return::representation;
  const bool has_keys = returning.returns == Preferences::Return::headers_only;
  const std::int64_t affected = has_body || has_keys || statement.page_size ? result.size : result.rows.affected();
  http::Response response = has_body ? rows_response(schema_cache, result, request) : http::empty(statuses.empty);
  if (has_body) response.status = statuses.rows;
  if (statement.updated && result.updated >= affected && affected > 0) response.status = 200;
  response.headers.set("Content-Range",
                       request.preferences.count == Preferences::Count::none ? "*/*" : fmt::format("*/{}", affected));
  if (has_keys)
    if (std::string url = location(table, result); !url.empty()) response.headers.set("Location", std::move(url));
  set_preference_applied(response, request.preferences, applied);
  return response;
}

// For a payload that changes nothing: no statement runs.
http::Response respond_unchanged(const Request& request, Statuses statuses, const AppliedPreferences& applied) {
  if (request.media.kind == MediaType::Kind::object) throw not_a_single_object(0);
  const bool has_body = request.preferences.returns == Preferences::Return::representation;
  http::Response response = has_body ? http::json("[]", statuses.rows) : http::empty(statuses.empty);
  response.headers.set("Content-Range", request.preferences.count == Preferences::Count::none ? "*/*" : "*/0");
  set_preference_applied(response, request.preferences, applied);
  return response;
}

// The changed rows stay locked until their representation is made. Embeds can make that last.
constexpr std::chrono::seconds kRepresentation{2};

void limit_locks(const Node& root, const Returning& returning, Executor& executor) {
  if (returning.returns == Preferences::Return::representation && !root.children.empty())
    executor.limit_to(kRepresentation);
}

}  // namespace

Task<http::Response> insert(const Request& request, const SchemaCache& schema_cache, Executor& executor) {
  const Table& table = schema_cache.require_table(request.schema, request.table());
  const QueryParams query = parse_query_params(request.http.queries);
  reject_page(query);
  const Payload payload = parse_body(request.http);
  std::vector<std::string> columns = payload_columns(query, table, payload);
  check_conflict_columns(query, table);
  if (payload.objects.empty()) co_return respond_unchanged(request, kCreated, kInsert);

  const InsertPlan plan = plan_insert(request, schema_cache, table, query, payload, std::move(columns));
  const Statement statement = insert_statement(plan);

  limit_locks(plan.root, plan.returning, executor);
  const ResultSet result = read_result_set(statement, co_await executor.run(statement.sql));

  AppliedPreferences applied = kInsert;
  applied.resolution = !plan.conflict.empty();
  co_return respond(request, schema_cache, table, plan.returning, statement, result, kCreated, applied);
}

Task<http::Response> put(const Request& request, const SchemaCache& schema_cache, Executor& executor) {
  const Table& table = schema_cache.require_table(request.schema, request.table());
  const QueryParams query = parse_query_params(request.http.queries);
  const Payload payload = parse_body(request.http);
  check_put(query, table, payload);

  const InsertPlan plan = plan_put(request, schema_cache, table, query, payload);
  const Statement statement = insert_statement(plan);

  limit_locks(plan.root, plan.returning, executor);
  const ResultSet result = read_result_set(statement, co_await executor.run(statement.sql));

  http::Response response = respond(request, schema_cache, table, plan.returning, statement, result, kCreated, kPut);
  if (response.status == 200 && request.preferences.returns != Preferences::Return::representation)
    response.status = 204;
  co_return response;
}

Task<http::Response> update(const Request& request, const SchemaCache& schema_cache, Executor& executor) {
  const Table& table = schema_cache.require_table(request.schema, request.table());
  const QueryParams query = parse_query_params(request.http.queries);
  reject_page(query);
  const Payload payload = parse_body(request.http);
  if (payload.objects.size() > 1) throw invalid_body();
  std::vector<std::string> columns = payload_columns(query, table, payload);
  if (columns.empty() || payload.objects.empty()) co_return respond_unchanged(request, {}, kUpdate);

  const UpdatePlan plan = plan_update(request, schema_cache, table, query, payload, std::move(columns));
  const Statement statement = update_statement(plan);

  limit_locks(plan.root, plan.returning, executor);
  const ResultSet result = read_result_set(statement, co_await executor.run(statement.sql));

  co_return respond(request, schema_cache, table, plan.returning, statement, result, {}, kUpdate);
}

Task<http::Response> remove(const Request& request, const SchemaCache& schema_cache, Executor& executor) {
  const Table& table = schema_cache.require_table(request.schema, request.table());
  const QueryParams query = parse_query_params(request.http.queries);
  reject_page(query);

  const DeletePlan plan = plan_delete(request, schema_cache, table, query);
  const Statement statement = delete_statement(plan);

  limit_locks(plan.root, plan.returning, executor);
  const ResultSet result = read_result_set(statement, co_await executor.run(statement.sql));

  co_return respond(request, schema_cache, table, plan.returning, statement, result, {}, kDelete);
}

}  // namespace rest
