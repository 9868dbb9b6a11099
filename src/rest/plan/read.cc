#include <fmt/format.h>

#include <algorithm>

#include "core/ids.h"
#include "core/text.h"
#include "rest/plan/plan.h"

namespace rest::plan {
namespace {

// How many rows there are without the page.
void write_total(SqlText& sql, const Node& root, const Bounds& bounds, std::string_view source, std::int64_t at_most) {
  sql << "select count(*) from (select 1";
  write_from(sql, root, nullptr, bounds, source);
  write_where(sql, root, nullptr);
  write_group(sql, root);
  if (at_most > 0) (sql << " limit ").bind(std::to_string(at_most));  // follows the offset, and those are many
  sql << ") t";
}

}  // namespace

Plan read(const Node& root, const Reading& reading, const Bounds& bounds, SqlText prefix, std::string_view source) {
  Plan out;
  out.sql = std::move(prefix);
  SqlText& sql = out.sql;
  out.total = reading.count == Prefer::Count::exact || reading.count == Prefer::Count::estimated;
  // An estimate is exact up to what one answer may hold, so that small tables are told right.
  const std::int64_t at_most =
      reading.count == Prefer::Count::estimated ? std::max(bounds.max_rows + 1, reading.count_to) : reading.count_to;
  if (reading.head) {
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
    write_select(sql, root, nullptr, bounds, source);
    return out;
  }
  // The total comes even when the page is empty: then one row carries it alone, and its marker is null.
  out.marker = true;
  sql << "select c.*, r.* from (";
  write_total(sql, root, bounds, source, at_most);
  sql << ") c left join lateral (select true as pgrst_row";
  if (std::ranges::any_of(root.asked->items, is_shown)) sql << ", ";
  write_fields(sql, root, bounds);
  write_from(sql, root, nullptr, bounds, source);
  write_where(sql, root, nullptr);
  write_group(sql, root);
  write_order(sql, root);
  write_limit(sql, root, bounds);
  sql << ") r on true";
  return out;
}

SqlText explain(const Node& root) {
  SqlText sql;
  sql << "explain (format json) select 1";
  write_from(sql, root, nullptr, {});
  write_where(sql, root, nullptr);
  write_group(sql, root);
  return sql;
}

const std::string& guard_word() {
  static const std::string word = "pgrst-" + core::Uuid::random().str();
  return word;
}

std::string raising(std::string_view code, std::string_view number) {
  return fmt::format("('{} {} ' || {})::boolean", guard_word(), code, number);
}

std::optional<Raised> guard_raised(std::string_view sqlstate, std::string_view message) {
  if (sqlstate != "22P02") return std::nullopt;
  const std::size_t start = message.find(guard_word());
  if (start == std::string_view::npos) return std::nullopt;
  message.remove_prefix(start + guard_word().size());
  for (const std::string_view code : {"PGRST115", "PGRST116", "PGRST124"}) {
    if (message.size() < code.size() + 3 || message[0] != ' ' || !message.substr(1).starts_with(code)) continue;
    std::string_view number = message.substr(code.size() + 2);
    number = number.substr(0, number.find_first_not_of("0123456789"));
    return Raised{.code = std::string(code), .number = core::parse_int(number).value_or(0)};
  }
  return std::nullopt;
}

}  // namespace rest::plan
