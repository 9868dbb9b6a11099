#include "rest/sql_text.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace rest {
namespace {

// Type names that are SQL syntax rather than names in a schema.
constexpr std::array<std::string_view, 33> kSqlTypes{"bigint",
                                                     "bit",
                                                     "bit varying",
                                                     "boolean",
                                                     "bool",
                                                     "char",
                                                     "character",
                                                     "character varying",
                                                     "varchar",
                                                     "date",
                                                     "decimal",
                                                     "double precision",
                                                     "float",
                                                     "int",
                                                     "integer",
                                                     "interval",
                                                     "json",
                                                     "jsonb",
                                                     "numeric",
                                                     "real",
                                                     "smallint",
                                                     "text",
                                                     "time",
                                                     "time with time zone",
                                                     "time without time zone",
                                                     "timestamp",
                                                     "timestamp with time zone",
                                                     "timestamp without time zone",
                                                     "timestamptz",
                                                     "timetz",
                                                     "uuid",
                                                     "xml",
                                                     "bytea"};

}  // namespace

SqlText& SqlText::name(std::string_view identifier) {
  text_ += '"';
  for (const char c : identifier) {
    if (c == '"') text_ += '"';
    text_ += c;
  }
  text_ += '"';
  return *this;
}

SqlText& SqlText::name(std::string_view qualifier, std::string_view identifier) {
  name(qualifier);
  text_ += '.';
  return name(identifier);
}

SqlText& SqlText::literal(std::string_view text) {
  const bool escapes = text.contains('\\');
  text_ += escapes ? " E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') text_ += c;
    text_ += c;
  }
  text_ += '\'';
  return *this;
}

SqlText& SqlText::number(std::int64_t number) {
  text_ += std::to_string(number);
  return *this;
}

SqlText& SqlText::bind(std::string value) {
  params_.push_back({.null = false, .text = std::move(value), .kind = pg::Kind::any_text});
  text_ += '$';
  text_ += std::to_string(params_.size());
  return *this;
}

SqlText& SqlText::bind_null() {
  params_.push_back({.null = true, .text = {}, .kind = pg::Kind::any_text});
  text_ += '$';
  text_ += std::to_string(params_.size());
  return *this;
}

SqlText& SqlText::type(std::string_view type_name) {
  const bool is_array = type_name.ends_with("[]");
  if (is_array) type_name.remove_suffix(2);
  const std::string low = core::lower(type_name);
  if (std::ranges::find(kSqlTypes, low) != kSqlTypes.end()) text_ += low;
  else name(type_name);
  if (is_array) text_ += "[]";
  return *this;
}

std::string array_text(const std::vector<std::string>& elements) {
  std::string out = "{";
  for (const std::string& element : elements) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out += '}';
}

}  // namespace rest
