#include <fmt/format.h>

#include <algorithm>

#include "rest/error.h"
#include "rest/request/payload.h"
#include "rest/sql/guard.h"
#include "rest/sql/statement.h"

namespace rest {
namespace {

// For arrays and rows, whose JSON Postgres converts.
void write_from_json(SqlText& sql, const RoutineParam& param, std::string_view json) {
  sql << "(select v from json_to_record(";
  sql.bind(fmt::format(R"({{"v":{}}})", json)) << ") as r(v " << param.type << "))";
}

void write_value(SqlText& sql, const RoutineParam& param, const RpcParam& value) {
  constexpr std::uint32_t kJson = 114, kJsonb = 3802;
  if (value.is_json && (param.is_array || param.is_record)) return write_from_json(sql, param, value.value);
  if (value.is_json) {
    const bool is_json = param.type_oid == kJson || param.type_oid == kJsonb;
    const auto text = is_json && value.value != "null" ? std::optional(value.value) : text_of(value.value);
    if (text) sql.bind(*text);
    else sql.bind_null();
  } else if (param.variadic && param.is_array) {
    sql.bind(array_text(value.repeated));
  } else {
    sql.bind(value.value);
  }
  sql << "::" << param.type;
}

// "schema"."function"("a" := …)
void write_call(SqlText& sql, const CallPlan& plan) {
  const Routine& f = *plan.routine;
  sql.name(f.schema, f.name) << "(";
  if (plan.body) {
    (sql.bind(*plan.body)) << "::" << f.params.front().type << ")";
    return;
  }
  bool first = true;
  for (const RoutineParam& param : f.params) {
    const auto given = std::ranges::find(plan.params, param.name, &RpcParam::name);
    if (given == plan.params.end()) continue;
    if (!std::exchange(first, false)) sql << ", ";
    if (param.variadic) sql << "variadic ";
    sql.name(param.name) << " := ";
    write_value(sql, param, *given);
  }
  sql << ")";
}

// One row of its own type. A null row is no row, instead of a row of nulls.
Statement call_row(const CallPlan& plan) {
  const Routine& f = *plan.routine;
  SqlText prefix;
  if (!f.returns_composite) {
    SqlText source;
    write_call(source, plan);
    prefix.params() = source.params();
    return read_statement(plan.read, std::move(prefix), source.text());
  }
  prefix << "with w as materialized (select ";
  write_call(prefix, plan);
  prefix << " as r) ";
  return read_statement(plan.read, std::move(prefix), "(select (w.r).* from w where w.r is distinct from null)");
}

// Selects the page `p`, and fails unless it has exactly one row.
std::string select_one_row(const Statement& page, bool head) {
  const std::string_view number = head ? "sum(page)" : page.marker ? "count(pgrst_row)" : "count(*)";
  return fmt::format("select p.* from p where (select case when {0} = 1 then true else {1} end from p)", number,
                     guard_failure("PGRST116", number));
}

// A set of rows, or of values as rows of one column.
Statement call_set(const CallPlan& plan) {
  SqlText prefix;
  if (plan.read.count == Preferences::Count::none && !plan.max_affected && !plan.single) {
    SqlText source;
    write_call(source, plan);
    prefix.params() = source.params();
    return read_statement(plan.read, std::move(prefix), source.text());
  }
  // The result is read more than once, but the function is called once.
  prefix << "with w as materialized (select * from ";
  write_call(prefix, plan);
  (prefix << " as ").name(plan.read.root.alias) << ")";
  prefix << (plan.single ? ", p as materialized (" : " ");
  std::string source = "w";
  if (plan.max_affected)
    source = fmt::format("(select * from w where (select case when count(*) <= {} then true else {} end from w))",
                         *plan.max_affected, guard_failure("PGRST124", "count(*)"));
  Statement out = read_statement(plan.read, std::move(prefix), source);
  if (plan.single) out.sql << ") " << select_one_row(out, plan.read.head);
  return out;
}

}  // namespace

Statement call_statement(const CallPlan& plan) {
  if (plan.is_set()) return call_set(plan);
  if (plan.shape == ResultShape::row) return call_row(plan);
  if (plan.max_affected)
    throw Error(400, "PGRST128",
                "The function must return SETOF or TABLE when max-affected preference is used with handling=strict");
  Statement out;
  const std::string& name = plan.routine->name;
  const bool row = plan.routine->returns_composite;
  out.sql << (row ? "select to_json(" : "select ");
  write_call(out.sql, plan);
  (out.sql << (row ? ") as " : " as ")).name(name);
  return out;
}

}  // namespace rest
