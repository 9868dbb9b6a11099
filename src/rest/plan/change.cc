// insert, update, delete. What is flat comes straight from `returning`; what joins embeds, or must be counted before it
// is kept, goes through a CTE `w`. A guard is a condition without columns, which Postgres evaluates before anything
// else of its select: it reads all of `w`, and raises what guard_raised() knows when the count is not right.
#include <algorithm>
#include <set>

#include "rest/answer/fault.h"
#include "rest/plan/plan.h"

namespace rest::plan {
namespace {

bool is_flat(const Node& root) { return root.children.empty() && root.asked->order.empty(); }

// Columns that the outer select needs of the changed rows.
void write_needed(SqlText& sql, const Node& root) {
  std::set<std::string> names;
  bool all = false;
  for (const Item& item : root.asked->items) {
    if (item.embed) continue;
    if (item.column.field.name == "*") all = true;
    else if (!item.column.field.name.empty()) names.insert(item.column.field.name);
  }
  for (const Order& order : root.asked->order)
    if (order.relation.empty()) names.insert(order.field.name);
  for (const Node& child : root.children) names.insert(child.by->from_columns.begin(), child.by->from_columns.end());
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
  sql << word << "(select case when " << holds << " then true else " << raising(code, "count(*)") << " end from " << of
      << ")";
}

struct Kind {
  bool inserts = false;
  bool upserts = false;  // tells how many rows were there before
  bool puts = false;     // exactly one row, or PGRST115
};

// The change, `statement`, with what is shown of its rows. The embeds of an update or delete have chosen its rows.
Plan shown(const Node& root, SqlText statement, const Showing& showing, const Bounds& bounds, Kind kind) {
  Plan out;
  const bool upsert = kind.upserts;
  const bool rows = showing.returns == Prefer::Return::representation;
  const bool keys = showing.returns == Prefer::Return::headers_only;
  if (!showing.single && !showing.max_affected && !upsert && !kind.puts && (!rows || is_flat(root))) {
    out.sql = std::move(statement);
    if (rows || keys) out.sql << " returning ";
    if (rows) write_fields(out.sql, root, bounds);
    if (keys) write_key(out.sql, root);
    return out;
  }
  SqlText& sql = out.sql;
  sql << "with w as (" << statement.text() << " returning ";
  sql.params() = std::move(statement.params());
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
  // Both counts read all of `w`, so that every row was changed before the setting is looked at.
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
  if (showing.max_affected) guard("w", "count(*) <= " + std::to_string(*showing.max_affected), "PGRST124");
  if (kind.puts) guard("w", "count(*) = 1", "PGRST115");
  if (showing.single) guard(from, "count(*) = 1", "PGRST116");
  return out;
}

void write_columns(SqlText& sql, const std::vector<std::string>& columns) {
  bool first = true;
  for (const std::string& name : columns) {
    if (!std::exchange(first, false)) sql << ", ";
    sql.name(name);
  }
}

// ("a" int, "b" text): what json_to_recordset makes of the body. The types are the catalogue's own words.
void write_definitions(SqlText& sql, const Table& table, const std::vector<std::string>& columns) {
  bool first = true;
  for (const std::string& name : columns) {
    if (!std::exchange(first, false)) sql << ", ";
    sql.name(name) << " " << table.column(name)->type;
  }
}

void write_source(SqlText& sql, const Table& table, const Insert& what) {
  sql << " select ";
  bool first = true;
  for (const std::string& name : what.columns) {
    if (!std::exchange(first, false)) sql << ", ";
    const TableColumn& column = *table.column(name);
    if (!what.mixed.contains(name)) {
      sql.name("b", name);
      continue;
    }
    (sql << "case when e.v::jsonb ? ").literal(name);
    (sql << " then ").name("b", name);
    sql << " else (" << (column.default_text.empty() ? "null" : column.default_text) << ") end";
  }
  if (!what.mixed.empty()) {
    (sql << " from json_array_elements(").bind(what.body) << ") as e(v), json_to_record(e.v) as b(";
  } else {
    (sql << " from json_to_recordset(").bind(what.body) << ") as b(";
  }
  write_definitions(sql, table, what.columns);
  sql << ")";
}

// Rows without any column of their own: one default values makes one row only.
void write_defaults(SqlText& sql, std::size_t count) {
  (sql << " select from generate_series(1, ").bind(std::to_string(count)) << "::int)";
}

void write_conflict(SqlText& sql, const Node& root, const Insert& what) {
  (sql << " on conflict (");
  write_columns(sql, what.conflict);
  sql << ") do ";
  if (what.resolution == Prefer::Resolution::ignore || what.columns.empty()) {
    sql << "nothing";
    return;
  }
  // The columns that conflict are equal already; naming them would only ask for the right to change them.
  std::vector<std::string> changed;
  for (const std::string& name : what.columns)
    if (std::ranges::find(what.conflict, name) == what.conflict.end()) changed.push_back(name);
  if (changed.empty()) changed = what.columns;
  sql << "update set ";
  bool first = true;
  for (const std::string& name : changed) {
    if (!std::exchange(first, false)) sql << ", ";
    (sql.name(name) << " = ").name("excluded", name);
  }
  sql << " where set_config('pgrst.updated', (coalesce(nullif(current_setting('pgrst.updated', true), ''), '0')::int "
         "+ 1)::text, true) is not null";
  (void)root;
}

}  // namespace

Plan insert(const Node& root, const Insert& what, const Showing& showing, const Bounds& bounds) {
  SqlText sql;
  (sql << "insert into ").name(root.schema, root.name);
  if (root.alias != root.name) (sql << " as ").name(root.alias);
  if (what.columns.empty()) {
    write_defaults(sql, what.payload->objects.size());
  } else {
    sql << " (";
    write_columns(sql, what.columns);
    sql << ")";
    write_source(sql, *root.table, what);
  }
  if (what.put) {
    Node payload = root;
    payload.alias = "b";
    write_where(sql, payload, nullptr, Conditions::own_columns);
  }
  const bool resolves = what.resolution != Prefer::Resolution::none && !what.conflict.empty();
  if (resolves) write_conflict(sql, root, what);
  const bool merges = resolves && what.resolution == Prefer::Resolution::merge;
  return shown(root, std::move(sql), showing, bounds, {.inserts = true, .upserts = merges, .puts = what.put});
}

Plan update(const Node& root, const Update& what, const Showing& showing, const Bounds& bounds) {
  SqlText sql;
  (sql << "update ").name(root.schema, root.name) << " set ";
  std::vector<std::string> sent;
  bool first = true;
  for (const std::string& name : what.columns) {
    if (!std::exchange(first, false)) sql << ", ";
    sql.name(name) << " = ";
    if (what.by_default.contains(name)) {
      sql << "default";
      continue;
    }
    sql.name("pgrst_body", name);
    sent.push_back(name);
  }
  if (!sent.empty()) {
    (sql << " from json_to_record(").bind(what.body) << ") as pgrst_body(";
    write_definitions(sql, *root.table, sent);
    sql << ")";
  }
  write_where(sql, root, nullptr);
  return shown(root, std::move(sql), showing, bounds, {});
}

Plan remove(const Node& root, const Showing& showing, const Bounds& bounds) {
  SqlText sql;
  (sql << "delete from ").name(root.schema, root.name);
  write_where(sql, root, nullptr);
  return shown(root, std::move(sql), showing, bounds, {});
}

}  // namespace rest::plan
