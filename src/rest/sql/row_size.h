// The size of one row. A row travels whole, so what a request can multiply inside of it is bounded in Postgres: embeds,
// and columns that are cast or repeated (docs/spec/security.md 1.11). Private to sql/.
#pragma once

#include <set>
#include <string_view>

#include "rest/sql/sql_clauses.h"

namespace rest {

struct RowSize {
  std::size_t most = 0;  // bytes of each guarded value; 0: none is guarded
  bool columns = false;  // guard columns too, not only embeds
  bool guards(const SelectField& column) const;
};
// Of the root; an embed is guarded as a whole.
RowSize row_size(const Node& node, const Bounds& bounds);

// Around a select of one value named v: fails the statement when its text is larger.
SqlText& open_size_guard(SqlText& sql, std::size_t most);
SqlText& close_size_guard(SqlText& sql);

// Throws Error 400 for a cast to a type whose text has no bound in what is cast: numbers in arrays and ranges, where
// nine bytes are 130,000 digits.
void check_cast(std::string_view type);

}  // namespace rest
