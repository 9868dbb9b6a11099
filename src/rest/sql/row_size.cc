#include "rest/sql/row_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "rest/error.h"
#include "rest/sql/guard.h"

namespace rest {
namespace {

// As many columns of a row may be cast or repeated before their size is looked at.
constexpr std::size_t kUnguarded = 8;

bool has_name(const SelectItem& item) { return !item.embed && item.column.field.name != "*"; }

}  // namespace

bool RowSize::guards(const SelectField& column) const { return columns && column.aggregate == Aggregate::none; }

RowSize row_size(const Node& node, const Bounds& bounds) {
  if (bounds.max_row == 0 || node.relationship != nullptr) return {};
  std::size_t embedded = 0, named = 0, casts = 0, all = 0;
  std::set<std::string_view> names;
  for (const SelectItem& item : node.resource->items) {
    if (!is_shown(item)) continue;
    if (item.embed) {
      embedded += item.embed->spread ? spread_keys(node.child_of(*item.embed)).size() : 1;
    } else if (has_name(item)) {
      ++named;
      casts += item.column.cast.empty() ? 0 : 1;
      names.insert(item.column.field.name);
    } else {
      ++all;
    }
  }
  // Each asterisk after the first repeats every column, which nobody needs.
  if (all > kUnguarded) throw Error(400, "PGRST100", "Too many columns in select");
  const bool columns = named - names.size() + casts > kUnguarded;
  const std::size_t guarded = embedded + (columns ? named : 0);
  return {.most = guarded == 0 ? 0 : bounds.max_row / guarded, .columns = columns};
}

SqlText& open_size_guard(SqlText& sql, std::size_t most) {
  return sql << "(select case when octet_length(g.v::text) <= " << std::to_string(most) << " or "
             << guard_failure("too_large", "octet_length(g.v::text)") << " then g.v end from ";
}

SqlText& close_size_guard(SqlText& sql) { return sql << " g)"; }

void check_cast(std::string_view type) {
  static constexpr std::array<std::string_view, 8> kUnbounded{
      "numeric[]", "decimal[]", "_numeric", "numrange", "numrange[]", "_numrange", "nummultirange", "_nummultirange"};
  const std::string low = core::lower(type);
  if (std::ranges::find(kUnbounded, low) == kUnbounded.end() && low != "nummultirange[]") return;
  throw Error(400, "PGRST100", fmt::format("A cast to {} is not supported", low));
}

}  // namespace rest
