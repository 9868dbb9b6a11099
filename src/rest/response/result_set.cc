#include "rest/response/result_set.h"

#include "core/text.h"

namespace rest {
namespace {

std::int64_t number(std::optional<std::string_view> cell) { return cell ? core::parse_int(*cell).value_or(0) : 0; }

}  // namespace

ResultSet read_result_set(const Statement& statement, pg::Rows rows) {
  ResultSet out;
  out.rows = std::move(rows);
  out.first_column = statement.leading();
  out.size = out.rows.size();
  int column = 0;
  if (out.rows.size() == 0) return out;
  if (statement.total) out.total = number(out.rows.cell(0, column++));
  if (statement.marker && !out.rows.cell(0, column++)) out.size = 0;
  if (statement.updated) out.updated = number(out.rows.cell(0, column++));
  if (statement.page_size) out.size = number(out.rows.cell(0, column++));
  return out;
}

}  // namespace rest
