#include <fmt/format.h>

#include <algorithm>

#include "rest/sql/sql_clauses.h"
#include "rest/sql/statement.h"

namespace rest {
namespace {

// The number of rows without limit and offset.
void write_total(SqlText& sql, const Node& root, const Bounds& bounds, std::string_view source, std::int64_t at_most) {
  sql << "select count(*) from (select 1";
  write_from(sql, root, nullptr, bounds, source);
  write_where(sql, root, nullptr);
  write_group(sql, root);
  if (at_most > 0) (sql << " limit ").bind(std::to_string(at_most));  // bound, since it varies with the offset
  sql << ") t";
}

}  // namespace

Statement read_statement(const ReadPlan& plan, SqlText prefix, std::string_view source) {
  const Node& root = plan.root;
  const Bounds& bounds = plan.bounds;
  Statement out;
  out.sql = std::move(prefix);
  SqlText& sql = out.sql;
  out.total = plan.count == Preferences::Count::exact || plan.count == Preferences::Count::estimated;
  // An estimated count is exact up to the size of a full page.
  const std::int64_t at_most =
      plan.count == Preferences::Count::estimated ? std::max(bounds.max_rows + 1, plan.count_to) : plan.count_to;
  if (plan.head) {
    out.page_size = true;
    sql << "select ";
    if (out.total) {
      sql << "(";
      write_total(sql, root, bounds, source, at_most);
      sql << ") as total, ";
    }
    sql << "(select count(*) from (";
    write_select(sql, root, nullptr, bounds, source);
    sql << ") p) as page";
    return out;
  }
  if (!out.total) {
    out.bare = std::ranges::none_of(root.resource->items, is_shown);
    write_select(sql, root, nullptr, bounds, source);
    return out;
  }
  // The total must come even when the page is empty: one row with a null marker then carries it.
  out.marker = true;
  sql << "select c.*, r.* from (";
  write_total(sql, root, bounds, source, at_most);
  sql << ") c left join lateral (select true as pgrst_row";
  if (std::ranges::any_of(root.resource->items, is_shown)) sql << ", ";
  write_fields(sql, root, bounds);
  write_from(sql, root, nullptr, bounds, source);
  write_where(sql, root, nullptr);
  write_group(sql, root);
  write_order(sql, root);
  write_limit(sql, root, bounds);
  sql << ") r on true";
  return out;
}

SqlText explain_statement(const Node& root) {
  SqlText sql;
  sql << "explain (format json) select 1";
  write_from(sql, root, nullptr, {});
  write_where(sql, root, nullptr);
  write_group(sql, root);
  return sql;
}

}  // namespace rest
