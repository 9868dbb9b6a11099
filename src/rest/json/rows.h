// Writes rows as JSON or CSV from libpq's text format, byte for byte as Postgres's to_json does. A writer is made for
// the columns of one statement. It has scratch space, so it belongs to one loop. Requires DateStyle ISO.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pg/row.h"
#include "rest/json/types.h"
#include "rest/json/values.h"

namespace rest::json {

struct Column {
  std::string name;
  std::uint32_t type = 0;  // oid of pg_type
};

class RowWriter {
 public:
  using Cell = std::optional<std::string_view>;  // nothing for null

  RowWriter(std::shared_ptr<const Types> types, std::span<const Column> columns, Nulls nulls = Nulls::kept);
  // For the columns of `rows`.
  RowWriter(std::shared_ptr<const Types> types, const pg::Rows& rows, Nulls nulls = Nulls::kept);

  // {"id":1,"title":"x"}. As many cells as columns.
  void object(std::span<const Cell> cells, std::string& out);
  void object(const pg::Rows& rows, int row, std::string& out);
  // The value of one column: 1, "x", null.
  void value(std::size_t column, Cell cell, std::string& out);
  // [{…},{…}]
  void objects(const pg::Rows& rows, std::string& out);
  // The values of the first column: [1,2,null].
  void values(const pg::Rows& rows, std::string& out);

 private:
  struct Known {
    std::string key;  // `"name":`
    const Type* type;
  };
  void add(std::string_view name, std::uint32_t type);
  // Writes nothing for null when nulls are stripped.
  void member(const Known& column, Cell cell, std::string& out);
  template <class CellOf>
  void object_of(CellOf cell_of, std::string& out);

  std::shared_ptr<const Types> types_;
  std::vector<Known> columns_;
  Nulls nulls_;
  ValueWriter writer_;
};

// CSV as PostgREST writes it, one line without its newline, from column `first` on. Fields are quoted as in a row's
// text; null is an empty field, an empty string `""`. Unlike PostgREST, a backslash is not doubled.
void csv_names(const pg::Rows& rows, std::string& out, int first = 0);
void csv_row(const pg::Rows& rows, int row, std::string& out, int first = 0);

}  // namespace rest::json
