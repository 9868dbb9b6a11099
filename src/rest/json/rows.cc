#include "rest/json/rows.h"

#include "core/json.h"

namespace rest::json {

RowWriter::RowWriter(std::shared_ptr<const Types> types, std::span<const Column> columns, Nulls nulls)
    : types_(std::move(types)), nulls_(nulls), writer_(nulls) {
  for (const Column& column : columns) add(column.name, column.type);
}

RowWriter::RowWriter(std::shared_ptr<const Types> types, const pg::Rows& rows, Nulls nulls)
    : types_(std::move(types)), nulls_(nulls), writer_(nulls) {
  for (int i = 0; i < rows.columns(); ++i) add(rows.name(i), rows.type(i));
}

void RowWriter::add(std::string_view name, std::uint32_t type) {
  Known column{.type = &types_->of(type)};
  core::append_json_utf8(column.key, name);
  column.key += ':';
  columns_.push_back(std::move(column));
}

void RowWriter::member(const Known& column, Cell cell, std::string& out) {
  if (nulls_ == Nulls::stripped && !cell) return;
  const std::size_t before = out.size();
  if (out.back() != '{') out += ',';
  out += column.key;
  if (!cell) {
    out += "null";
    return;
  }
  const std::size_t value = out.size();
  writer_.write(*column.type, *cell, out);
  // A JSON null counts as null as well.
  if (nulls_ == Nulls::stripped && std::string_view(out).substr(value) == "null") out.resize(before);
}

template <class CellOf>
void RowWriter::object_of(CellOf cell_of, std::string& out) {
  out += '{';
  for (std::size_t i = 0; i < columns_.size(); ++i) member(columns_[i], cell_of(i), out);
  out += '}';
}

void RowWriter::object(std::span<const Cell> cells, std::string& out) {
  object_of([&](std::size_t i) { return cells[i]; }, out);
}

void RowWriter::object(const pg::Rows& rows, int row, std::string& out) {
  object_of([&](std::size_t i) { return rows.cell(row, static_cast<int>(i)); }, out);
}

void RowWriter::value(std::size_t column, Cell cell, std::string& out) {
  if (cell) writer_.write(*columns_[column].type, *cell, out);
  else out += "null";
}

void RowWriter::objects(const pg::Rows& rows, std::string& out) {
  out += '[';
  for (int row = 0; row < rows.size(); ++row) {
    if (row > 0) out += ',';
    object(rows, row, out);
  }
  out += ']';
}

void RowWriter::values(const pg::Rows& rows, std::string& out) {
  out += '[';
  for (int row = 0; row < rows.size(); ++row) {
    if (row > 0) out += ',';
    value(0, rows.cell(row, 0), out);
  }
  out += ']';
}

namespace {

// Quoted as by record_out.
void csv_field(std::string_view text, std::string& out) {
  if (!text.empty() && text.find_first_of("\"\\(), \t\n\r\v\f") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
}

}  // namespace

void csv_names(const pg::Rows& rows, std::string& out, int first) {
  for (int i = first; i < rows.columns(); ++i) {
    if (i > first) out += ',';
    csv_field(rows.name(i), out);
  }
}

void csv_row(const pg::Rows& rows, int row, std::string& out, int first) {
  for (int i = first; i < rows.columns(); ++i) {
    if (i > first) out += ',';
    if (const auto cell = rows.cell(row, i)) csv_field(*cell, out);
  }
}

}  // namespace rest::json
