// CONTRACT. Rows of a result written as JSON or CSV in C++, byte for byte what Postgres's to_json gives (and so what
// PostgREST answers), from libpq's text format. A writer is made once for a statement's columns and kept with it; it
// holds scratch space, so it belongs to one loop. Session settings: DateStyle ISO.
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
  using Cell = std::optional<std::string_view>;  // nothing: null

  RowWriter(std::shared_ptr<const Types> types, std::span<const Column> columns, Nulls nulls = Nulls::kept);
  // For the columns that `rows` has.
  RowWriter(std::shared_ptr<const Types> types, const pg::Rows& rows, Nulls nulls = Nulls::kept);

  // {"id":1,"title":"x"}. As many cells as columns.
  void object(std::span<const Cell> cells, std::string& out);
  void object(const pg::Rows& rows, int row, std::string& out);
  // One column's value by itself: 1, "x", null.
  void value(std::size_t column, Cell cell, std::string& out);
  // [{…},{…}], or with `first` and `count` a part of the rows.
  void objects(const pg::Rows& rows, std::string& out);
  // The first column of each row: [1,2,null].
  void values(const pg::Rows& rows, std::string& out);

 private:
  struct Known {
    std::string key;  // `"name":`
    const Type* type;
  };
  void add(std::string_view name, std::uint32_t type);
  // Nothing written when nulls are stripped and the value is null.
  void member(const Known& column, Cell cell, std::string& out);
  template <class CellOf>
  void object_of(CellOf cell_of, std::string& out);

  std::shared_ptr<const Types> types_;
  std::vector<Known> columns_;
  Nulls nulls_;
  ValueWriter writer_;
};

// CSV as PostgREST writes it, a line without its end: names, or a row's texts. A field is quoted where the server's row
// text quotes it; null is an empty field, an empty string `""`. Unlike there, a backslash is not doubled.
// Columns before `first` are left out.
void csv_names(const pg::Rows& rows, std::string& out, int first = 0);
void csv_row(const pg::Rows& rows, int row, std::string& out, int first = 0);

}  // namespace rest::json
