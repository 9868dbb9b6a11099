// The rows of a statement, with the values of its leading columns.
#pragma once

#include <cstdint>
#include <optional>

#include "pg/row.h"
#include "rest/sql/statement.h"

namespace rest {

struct ResultSet {
  pg::Rows rows;
  int first_column = 0;               // behind the leading columns
  std::int64_t size = 0;              // of the page
  std::optional<std::int64_t> total;  // without limit and offset
  std::int64_t updated = 0;           // by an upsert
};
ResultSet read_result_set(const Statement& statement, pg::Rows rows);

}  // namespace rest
