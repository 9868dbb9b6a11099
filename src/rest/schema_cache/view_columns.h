// Traces the columns of views to the columns of tables. Private to schema_cache/.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace rest {

// A column of a view, and the column of the relation that it selects.
struct TracedColumn {
  std::int64_t view = 0;
  std::int64_t number = 0;
  std::int64_t base = 0;
  std::int64_t base_number = 0;
};
// Reads the origin of each column of the outermost select list from the rule's tree (pg_rewrite.ev_action).
std::vector<TracedColumn> trace_view(std::int64_t view, std::string_view rule_tree);

}  // namespace rest
