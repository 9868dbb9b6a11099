#include "rest/plan/call.h"

#include <fmt/format.h>

#include <algorithm>

#include "rest/answer/fault.h"

namespace rest::plan {
namespace {

// A value of a type whose JSON Postgres must read by itself: arrays and rows.
void write_from_json(SqlText& sql, const Argument& argument, std::string_view json) {
  sql << "(select v from json_to_record(";
  sql.bind(fmt::format(R"({{"v":{}}})", json)) << ") as r(v " << argument.type << "))";
}

void write_value(SqlText& sql, const Argument& argument, const Given& given) {
  constexpr std::uint32_t kJson = 114, kJsonb = 3802;
  if (given.is_json && (argument.is_array || argument.is_record)) return write_from_json(sql, argument, given.value);
  if (given.is_json) {
    const bool is_json = argument.type_oid == kJson || argument.type_oid == kJsonb;
    const auto text = is_json && given.value != "null" ? std::optional(given.value) : text_of(given.value);
    if (text) sql.bind(*text);
    else sql.bind_null();
  } else if (argument.variadic && argument.is_array) {
    sql.bind(array_text(given.repeated));
  } else {
    sql.bind(given.value);
  }
  sql << "::" << argument.type;
}

// "schema"."function"("a" := …)
void write_call(SqlText& sql, const Calling& calling) {
  const Function& f = *calling.function;
  sql.name(f.schema, f.name) << "(";
  if (calling.body) {
    (sql.bind(*calling.body)) << "::" << f.arguments.front().type << ")";
    return;
  }
  bool first = true;
  for (const Argument& argument : f.arguments) {
    const auto given = std::ranges::find(calling.given, argument.name, &Given::name);
    if (given == calling.given.end()) continue;
    if (!std::exchange(first, false)) sql << ", ";
    if (argument.variadic) sql << "variadic ";
    sql.name(argument.name) << " := ";
    write_value(sql, argument, *given);
  }
  sql << ")";
}

// One row of its own type: null as a whole is no row, and not a row of nulls.
Plan call_row(const Node& root, const Calling& calling, const Bounds& bounds) {
  const Function& f = *calling.function;
  SqlText prefix;
  if (!f.returns_composite) {
    SqlText source;
    write_call(source, calling);
    prefix.params() = source.params();
    return read(root, {}, bounds, std::move(prefix), source.text());
  }
  prefix << "with w as materialized (select ";
  write_call(prefix, calling);
  prefix << " as r) ";
  return read(root, {}, bounds, std::move(prefix), "(select (w.r).* from w where w.r is distinct from null)");
}

// What fails the statement unless the page has exactly one row.
std::string one_row(const Plan& page, bool head) {
  const std::string_view number = head ? "sum(page)" : page.marker ? "count(pgrst_row)" : "count(*)";
  return fmt::format("select p.* from p where (select case when {0} = 1 then true else {1} end from p)", number,
                     raising("PGRST116", number));
}

// A set: of rows, or of values, which are rows of one column.
Plan call_rows(const Node& root, const Calling& calling, const Bounds& bounds) {
  const Reading reading{.count = calling.count, .head = calling.head, .count_to = calling.count_to};
  SqlText prefix;
  if (calling.count == Prefer::Count::none && !calling.max_affected && !calling.single) {
    SqlText source;
    write_call(source, calling);
    prefix.params() = source.params();
    return read(root, reading, bounds, std::move(prefix), source.text());
  }
  // Counted and read, yet called once.
  prefix << "with w as materialized (select * from ";
  write_call(prefix, calling);
  (prefix << " as ").name(root.alias) << ")";
  prefix << (calling.single ? ", p as materialized (" : " ");
  std::string source = "w";
  if (calling.max_affected)
    source = fmt::format("(select * from w where (select case when count(*) <= {} then true else {} end from w))",
                         *calling.max_affected, raising("PGRST124", "count(*)"));
  Plan out = read(root, reading, bounds, std::move(prefix), source);
  if (calling.single) out.sql << ") " << one_row(out, calling.head);
  return out;
}

}  // namespace

Shape shape_of(const Function& function, bool selects) {
  if (function.returns_void && !function.returns_set) return Shape::nothing;
  if (!function.returns_rows) return function.returns_set ? Shape::values : Shape::value;
  if (function.returns_set) return Shape::rows;
  return function.returns_composite && !selects ? Shape::value : Shape::row;
}

Plan call(const Node& root, const Calling& calling, Shape shape, const Bounds& bounds) {
  if (shape == Shape::rows || shape == Shape::values) return call_rows(root, calling, bounds);
  if (shape == Shape::row) return call_row(root, calling, bounds);
  if (calling.max_affected)
    throw Fault(400, "PGRST128",
                "The function must return SETOF or TABLE when max-affected preference is used with handling=strict");
  Plan out;
  const std::string& name = calling.function->name;
  const bool row = calling.function->returns_composite;
  out.sql << (row ? "select to_json(" : "select ");
  write_call(out.sql, calling);
  (out.sql << (row ? ") as " : " as ")).name(name);
  return out;
}

}  // namespace rest::plan
