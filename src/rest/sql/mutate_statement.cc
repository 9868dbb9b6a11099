// insert, update, delete. Rows without embeds come straight from `returning`. With embeds, or with a guard, the change
// is a CTE `w`. A guard has no columns, so Postgres evaluates it before the rest of its select; it reads all of `w`.
#include <algorithm>
#include <set>

#include "rest/sql/guard.h"
#include "rest/sql/sql_clauses.h"
#include "rest/sql/statement.h"

namespace rest {
namespace {

bool is_flat(const Node& root) { return root.children.empty() && root.resource->order.empty(); }

// The columns of the changed rows that the outer select needs.
void write_needed(SqlText& sql, const Node& root) {
  std::set<std::string> names;
  bool all = false;
  for (const SelectItem& item : root.resource->items) {
    if (item.embed) continue;
    if (item.column.field.name == "*") all = true;
    else if (!item.column.field.name.empty()) names.insert(item.column.field.name);
  }
  for (const OrderTerm& order : root.resource->order)
    if (order.relation.empty()) names.insert(order.field.name);
  for (const Node& child : root.children)
    names.insert(child.relationship->from_columns.begin(), child.relationship->from_columns.end());
  bool first = true;
  const auto next = [&] {
    if (!std::exchange(first, false)) sql << ", ";
  };
  if (all) {
    next();
    sql.name(root.alias) << ".*";
  }
  for (const std::string& name : names) {
    if (all && root.table->column(name) != nullptr) continue;
    next();
    sql.name(root.alias, name);
  }
  if (first) sql << "1";
}

void write_key(SqlText& sql, const Node& root) {
  bool first = true;
  for (const std::string& name : root.table->primary_key) {
    if (!std::exchange(first, false)) sql << ", ";
    sql.name(root.alias, name);
  }
  if (first) sql << "1";
}

void write_guard(SqlText& sql, std::string_view word, std::string_view of, std::string_view holds,
                 std::string_view code) {
  sql << word << "(select case when " << holds << " then true else " << guard_failure(code, "count(*)") << " end from "
      << of << ")";
}

struct Kind {
  bool inserts = false;
  bool upserts = false;  // the result says how many rows were updated
  bool puts = false;     // exactly one row, or PGRST115
};

// `change` with its returned rows. The embeds of an update or delete restrict `change` itself.
Statement with_returning(const Node& root, SqlText change, const Returning& returning, const Bounds& bounds,
                         Kind kind) {
  Statement out;
  const bool upsert = kind.upserts;
  const bool rows = returning.returns == Preferences::Return::representation;
  const bool keys = returning.returns == Preferences::Return::headers_only;
  if (!returning.single && !returning.max_affected && !upsert && !kind.puts && (!rows || is_flat(root))) {
    out.sql = std::move(change);
    if (rows || keys) out.sql << " returning ";
    if (rows) write_fields(out.sql, root, bounds);
    if (keys) write_key(out.sql, root);
    return out;
  }
  SqlText& sql = out.sql;
  sql << "with w as (" << change.text() << " returning ";
  sql.params() = std::move(change.params());
  if (rows) write_needed(sql, root);
  else if (keys) write_key(sql, root);
  else sql << "1";
  sql << ")";
  if (rows) {
    sql << ", r as (select ";
    write_fields(sql, root, bounds);
    write_from(sql, root, nullptr, bounds, "w");
    if (kind.inserts) write_where(sql, root, nullptr, Conditions::embeds);
    write_order(sql, root);
    sql << ")";
  }
  const std::string_view from = rows ? "r" : "w";
  sql << " select ";
  // The count reads all of `w`, so that every row has been changed before the setting is read.
  if (upsert) {
    out.updated = true;
    sql << "case when (select count(*) from w) >= 0 then coalesce(nullif(current_setting('pgrst.updated', true), ''), "
           "'0') end as updated";
  }
  if (rows || keys) {
    if (upsert) sql << ", ";
    sql << from << ".*";
  } else {
    if (upsert) sql << ", ";
    out.page_size = true;
    sql << "(select count(*) from w) as page";
  }
  if (rows || keys) sql << " from " << from;
  bool guarded = false;
  const auto guard = [&](std::string_view of, const std::string& holds, std::string_view code) {
    write_guard(sql, std::exchange(guarded, true) ? " and " : " where ", of, holds, code);
  };
  if (returning.max_affected) guard("w", "count(*) <= " + std::to_string(*returning.max_affected), "PGRST124");
  if (kind.puts) guard("w", "count(*) = 1", "PGRST115");
  if (returning.single) guard(from, "count(*) = 1", "PGRST116");
  return out;
}

void write_columns(SqlText& sql, const std::vector<std::string>& columns) {
  bool first = true;
  for (const std::string& name : columns) {
    if (!std::exchange(first, false)) sql << ", ";
    sql.name(name);
  }
}

// "a" int, "b" text: the columns of json_to_recordset. The types come from the schema cache.
void write_definitions(SqlText& sql, const Table& table, const std::vector<std::string>& columns) {
  bool first = true;
  for (const std::string& name : columns) {
    if (!std::exchange(first, false)) sql << ", ";
    sql.name(name) << " " << table.column(name)->type;
  }
}

void write_source(SqlText& sql, const Table& table, const InsertPlan& plan) {
  sql << " select ";
  bool first = true;
  for (const std::string& name : plan.columns) {
    if (!std::exchange(first, false)) sql << ", ";
    const TableColumn& column = *table.column(name);
    if (!plan.mixed.contains(name)) {
      sql.name("b", name);
      continue;
    }
    (sql << "case when e.v::jsonb ? ").literal(name);
    (sql << " then ").name("b", name);
    sql << " else (" << (column.default_text.empty() ? "null" : column.default_text) << ") end";
  }
  if (!plan.mixed.empty()) {
    (sql << " from json_array_elements(").bind(plan.body) << ") as e(v), json_to_record(e.v) as b(";
  } else {
    (sql << " from json_to_recordset(").bind(plan.body) << ") as b(";
  }
  write_definitions(sql, table, plan.columns);
  sql << ")";
}

// Rows of defaults only; `default values` makes just one.
void write_defaults(SqlText& sql, std::size_t count) {
  (sql << " select from generate_series(1, ").bind(std::to_string(count)) << "::int)";
}

void write_conflict(SqlText& sql, const InsertPlan& plan) {
  (sql << " on conflict (");
  write_columns(sql, plan.conflict);
  sql << ") do ";
  if (plan.resolution == Preferences::Resolution::ignore || plan.columns.empty()) {
    sql << "nothing";
    return;
  }
  // The conflict columns are equal already. Setting them would only require the right to update them.
  std::vector<std::string> changed;
  for (const std::string& name : plan.columns)
    if (std::ranges::find(plan.conflict, name) == plan.conflict.end()) changed.push_back(name);
  if (changed.empty()) changed = plan.columns;
  sql << "update set ";
  bool first = true;
  for (const std::string& name : changed) {
    if (!std::exchange(first, false)) sql << ", ";
    (sql.name(name) << " = ").name("excluded", name);
  }
  sql << " where set_config('pgrst.updated', (coalesce(nullif(current_setting('pgrst.updated', true), ''), '0')::int "
         "+ 1)::text, true) is not null";
}

}  // namespace

Statement insert_statement(const InsertPlan& plan) {
  const Node& root = plan.root;
  SqlText sql;
  (sql << "insert into ").name(root.schema, root.name);
  if (root.alias != root.name) (sql << " as ").name(root.alias);
  if (plan.columns.empty()) {
    write_defaults(sql, plan.rows);
  } else {
    sql << " (";
    write_columns(sql, plan.columns);
    sql << ")";
    write_source(sql, *root.table, plan);
  }
  if (plan.put) {
    Node payload = root;
    payload.alias = "b";
    write_where(sql, payload, nullptr, Conditions::own_columns);
  }
  if (plan.resolves_conflicts()) write_conflict(sql, plan);
  const bool upserts = plan.resolves_conflicts() && plan.resolution == Preferences::Resolution::merge;
  return with_returning(root, std::move(sql), plan.returning, plan.bounds,
                        {.inserts = true, .upserts = upserts, .puts = plan.put});
}

Statement update_statement(const UpdatePlan& plan) {
  const Node& root = plan.root;
  SqlText sql;
  (sql << "update ").name(root.schema, root.name) << " set ";
  std::vector<std::string> sent;
  bool first = true;
  for (const std::string& name : plan.columns) {
    if (!std::exchange(first, false)) sql << ", ";
    sql.name(name) << " = ";
    if (plan.defaults.contains(name)) {
      sql << "default";
      continue;
    }
    sql.name("pgrst_body", name);
    sent.push_back(name);
  }
  if (!sent.empty()) {
    (sql << " from json_to_record(").bind(plan.body) << ") as pgrst_body(";
    write_definitions(sql, *root.table, sent);
    sql << ")";
  }
  write_where(sql, root, nullptr);
  return with_returning(root, std::move(sql), plan.returning, plan.bounds, {});
}

Statement delete_statement(const DeletePlan& plan) {
  SqlText sql;
  (sql << "delete from ").name(plan.root.schema, plan.root.name);
  write_where(sql, plan.root, nullptr);
  return with_returning(plan.root, std::move(sql), plan.returning, plan.bounds, {});
}

}  // namespace rest
