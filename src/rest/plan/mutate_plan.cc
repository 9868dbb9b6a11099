#include "rest/plan/mutate_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "rest/error.h"

namespace rest {
namespace {

// `names` are sorted, and an object has each of its keys once.
bool has_keys(const Object& object, const std::vector<std::string>& names) {
  return object.size() == names.size() &&
         std::ranges::all_of(object, [&](const Member& one) { return std::ranges::binary_search(names, one.name); });
}

// How many of the payload's objects have each of these sorted columns.
std::vector<std::size_t> count_keys(const Payload& payload, const std::vector<std::string>& columns) {
  std::vector<std::size_t> out(columns.size());
  for (const Object& object : payload.objects)
    for (const Member& member : object)
      if (const auto at = std::ranges::lower_bound(columns, member.name); at != columns.end() && *at == member.name)
        ++out[static_cast<std::size_t>(at - columns.begin())];
  return out;
}

Returning returning_of(const Request& request) {
  const Preferences& preferences = request.preferences;
  Returning out;
  if (preferences.returns != Preferences::Return::unset) out.returns = preferences.returns;
  out.single = request.media.kind == MediaType::Kind::object;
  if (preferences.handling == Preferences::Handling::strict) out.max_affected = preferences.max_affected;
  return out;
}

// Prefer: missing=default. A column that no object has is left out and so takes its default. One that only some have
// gets it row by row. A column that is always generated stays, so that Postgres rejects it.
void apply_defaults(InsertPlan& plan, const Table& table, const Payload& payload) {
  const std::vector<std::size_t> counts = count_keys(payload, plan.columns);
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0 && table.column(plan.columns[i])->writable) continue;
    if (counts[i] < payload.objects.size()) plan.mixed.insert(plan.columns[i]);
    columns.push_back(std::move(plan.columns[i]));
  }
  plan.columns = std::move(columns);
}

std::string as_array(const Payload& payload, std::string_view body) {
  return payload.is_array ? std::string(body) : fmt::format("[{}]", body);
}

// `[{…}]` without its brackets.
std::string as_object(const Payload& payload, const std::string& body) {
  if (!payload.is_array) return body;
  const std::size_t first = body.find('{'), last = body.rfind('}');
  return body.substr(first, last - first + 1);
}

bool is_key_filter(const Condition& one, std::string_view name) {
  return one.filter && one.filter->field.name == name && one.filter->field.path.empty() &&
         one.filter->operation.op == Operator::eq && !one.filter->operation.negated;
}

}  // namespace

std::vector<std::string> payload_columns(const QueryParams& query, const Table& table, const Payload& payload) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (table.column(name) == nullptr) throw unknown_column(name, table.name);
    out.push_back(name);
  };
  if (query.columns) {
    for (const std::string& name : *query.columns) add(name);
  } else if (!payload.objects.empty()) {
    // Stops at the first unknown key, so the work is bounded by the table, not by the body.
    for (const Member& member : payload.objects.front()) add(member.name);
  }
  std::ranges::sort(out);  // one statement for one set of keys
  out.erase(std::ranges::unique(out).begin(), out.end());
  if (query.columns || payload.objects.empty()) return out;
  for (const Object& one : payload.objects | std::views::drop(1))
    if (!has_keys(one, out)) throw Error(400, "PGRST102", "All object keys must match");
  return out;
}

void check_conflict_columns(const QueryParams& query, const Table& table) {
  for (const std::string& name : query.on_conflict)
    if (table.column(name) == nullptr) throw unknown_column(name, table.name);
}

void check_put(const QueryParams& query, const Table& table, const Payload& payload) {
  if (query.root.limit || query.root.offset)
    throw Error(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT");
  const auto& conditions = query.root.conditions;
  const bool by_key =
      !table.primary_key.empty() && conditions.size() == table.primary_key.size() &&
      std::ranges::all_of(table.primary_key, [&](const std::string& name) {
        return std::ranges::any_of(conditions, [&](const Condition& one) { return is_key_filter(one, name); });
      });
  if (!by_key)
    throw Error(405, "PGRST105", "Filters must include all and only primary key columns with 'eq' operators");
  if (payload.objects.size() != 1) throw primary_key_mismatch();
}

void reject_page(const QueryParams& query) {
  if (query.root.limit || query.root.offset)
    throw Error(400, "PGRST100", "limit and offset are not supported for this method",
                json_string("Name the rows by filters: a change concerns all rows that match."));
}

InsertPlan plan_insert(const Request& request, const SchemaCache& schema_cache, const Table& table,
                       const QueryParams& query, const Payload& payload, std::vector<std::string> columns) {
  InsertPlan plan{.bounds = request.bounds(),
                  .returning = returning_of(request),
                  .rows = payload.objects.size(),
                  .body = as_array(payload, request.http.body),
                  .columns = std::move(columns)};
  if (request.preferences.missing == Preferences::Missing::by_default) apply_defaults(plan, table, payload);
  plan.resolution = request.preferences.resolution;
  if (plan.resolution != Preferences::Resolution::none)
    plan.conflict = query.on_conflict.empty() ? table.primary_key : query.on_conflict;
  plan.root = resolve_embeds(schema_cache, table, query.root);
  return plan;
}

InsertPlan plan_put(const Request& request, const SchemaCache& schema_cache, const Table& table,
                    const QueryParams& query, const Payload& payload) {
  InsertPlan plan{.bounds = request.bounds(),
                  .returning = returning_of(request),
                  .rows = payload.objects.size(),
                  .columns = payload_columns(query, table, payload),
                  .conflict = table.primary_key,
                  .resolution = Preferences::Resolution::merge,
                  .put = true};
  for (const std::string& name : table.primary_key)
    if (std::ranges::find(plan.columns, name) == plan.columns.end()) throw primary_key_mismatch();
  plan.body = as_array(payload, request.http.body);
  plan.root = resolve_embeds(schema_cache, table, query.root);
  return plan;
}

UpdatePlan plan_update(const Request& request, const SchemaCache& schema_cache, const Table& table,
                       const QueryParams& query, const Payload& payload, std::vector<std::string> columns) {
  UpdatePlan plan{.bounds = request.bounds(),
                  .returning = returning_of(request),
                  .body = as_object(payload, request.http.body),
                  .columns = std::move(columns)};
  if (request.preferences.missing == Preferences::Missing::by_default) {
    const std::vector<std::size_t> counts = count_keys(payload, plan.columns);
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (counts[i] == 0 && table.column(plan.columns[i])->writable) plan.defaults.insert(plan.columns[i]);
  }
  plan.root = resolve_embeds(schema_cache, table, query.root);
  return plan;
}

DeletePlan plan_delete(const Request& request, const SchemaCache& schema_cache, const Table& table,
                       const QueryParams& query) {
  return {.root = resolve_embeds(schema_cache, table, query.root),
          .bounds = request.bounds(),
          .returning = returning_of(request)};
}

}  // namespace rest
