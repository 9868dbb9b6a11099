// POST and PUT /{table}: insert, upsert.
#include <fmt/format.h>

#include <algorithm>

#include "rest/written.h"

namespace rest {
namespace {

// The body as the array that json_to_recordset takes.
std::string array_of(const Payload& payload, std::string_view body) {
  return payload.is_array ? std::string(body) : fmt::format("[{}]", body);
}

void check_conflict(const Table& table, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (table.column(name) == nullptr)
      throw Fault(400, "PGRST204",
                  fmt::format("Could not find the '{}' column of '{}' in the schema cache", name, table.name));
}

// Columns that no row of the payload names keep their default by not being named at all. What only some of them name is
// told for each row. One that is always generated stays named, and Postgres says what is wrong with that.
void default_missing(plan::Insert& what, const Table& table) {
  const std::vector<std::size_t> named = named_by(*what.payload, what.columns);
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (named[i] == 0 && table.column(what.columns[i])->writable) continue;
    if (named[i] < what.payload->objects.size()) what.mixed.insert(what.columns[i]);
    columns.push_back(std::move(what.columns[i]));
  }
  what.columns = std::move(columns);
}

http::Response nothing_inserted(const Call& call, const Applied& heeded) {
  http::Response response = http::empty(201);
  if (call.media.type == Media::Type::object) throw not_one_row(0);
  if (call.prefer.returns == Prefer::Return::representation) response = http::json("[]", 201);
  response.headers.set("Content-Range", call.prefer.count == Prefer::Count::none ? "*/*" : "*/0");
  set_applied(response, call.prefer, heeded);
  return response;
}

// PUT names one row by its whole primary key.
void check_put(const Query& query, const Table& table, const Payload& payload) {
  if (query.root.limit || query.root.offset)
    throw Fault(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT");
  const auto& conditions = query.root.conditions;
  const bool by_key = !table.primary_key.empty() && conditions.size() == table.primary_key.size() &&
                      std::ranges::all_of(table.primary_key, [&](const std::string& name) {
                        return std::ranges::any_of(conditions, [&](const Condition& one) {
                          return one.filter && one.filter->field.name == name && one.filter->field.path.empty() &&
                                 one.filter->operation.op == Operator::eq && !one.filter->operation.negated;
                        });
                      });
  if (!by_key)
    throw Fault(405, "PGRST105", "Filters must include all and only primary key columns with 'eq' operators");
  if (payload.objects.size() != 1)
    throw Fault(400, "PGRST115", "Payload values do not match URL in primary key column(s)");
}

constexpr Applied kHeeded{.returns = true, .resolution = true, .missing = true, .max_affected = true, .end = true};

}  // namespace

Task<http::Response> insert(Call& call) {
  const Table& table = call.table();
  const Query query = parse_query(call.rq.queries);
  refuse_page(query);
  const Payload payload = payload_of(call);
  plan::Insert what{.payload = &payload};
  what.columns = columns_of(query, table, payload);
  check_conflict(table, query.on_conflict);
  if (payload.objects.empty()) co_return nothing_inserted(call, kHeeded);
  if (call.prefer.missing == Prefer::Missing::by_default) default_missing(what, table);
  what.body = array_of(payload, call.rq.body);
  what.resolution = call.prefer.resolution;
  if (what.resolution != Prefer::Resolution::none)
    what.conflict = query.on_conflict.empty() ? table.primary_key : query.on_conflict;
  const Node root = resolve(*call.catalogue, table, query.root);
  const Plan plan = plan::insert(root, what, showing_of(call), call.bounds);
  Task<pg::Rows> running = run(call, plan.sql);
  Applied heeded = kHeeded;
  heeded.resolution = !what.conflict.empty();
  co_return written(call, table, plan, co_await running, {.rows = 201, .bare = 201}, heeded);
}

Task<http::Response> put(Call& call) {
  const Table& table = call.table();
  const Query query = parse_query(call.rq.queries);
  const Payload payload = payload_of(call);
  check_put(query, table, payload);
  plan::Insert what{.payload = &payload, .put = true};
  what.columns = columns_of(query, table, payload);
  for (const std::string& name : table.primary_key)
    if (std::ranges::find(what.columns, name) == what.columns.end())
      throw Fault(400, "PGRST115", "Payload values do not match URL in primary key column(s)");
  what.body = array_of(payload, call.rq.body);
  what.resolution = Prefer::Resolution::merge;
  what.conflict = table.primary_key;
  const Node root = resolve(*call.catalogue, table, query.root);
  const Plan plan = plan::insert(root, what, showing_of(call), call.bounds);
  Task<pg::Rows> running = run(call, plan.sql);
  http::Response response = written(call, table, plan, co_await running, {.rows = 201, .bare = 201},
                                    {.returns = true, .max_affected = true, .end = true});
  if (response.status == 200 && call.prefer.returns != Prefer::Return::representation) response.status = 204;
  co_return response;
}

}  // namespace rest
