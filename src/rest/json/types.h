// CONTRACT. What the database's types are made of, as far as writing their text as JSON needs to know it. Read once
// from pg_catalog together with the schema cache, then shared and never changed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pg/pg.h"

namespace rest::json {

// How Postgres's to_json renders a value, told from the value's text.
enum class Shape : std::uint8_t {
  text,         // a string, escaped
  plain,        // a string that never holds a byte to escape
  number,       // as it is; NaN and the infinities as strings
  boolean,      // t, f
  timestamp,    // T between date and time
  timestamptz,  // the same, and minutes in the zone
  json,         // as it is
  array,        // {a,"b",{…}}
  vector,       // int2vector, oidvector: elements between spaces
  record,       // (a,"b",)
  opaque,       // its text does not tell; see needs_to_json
};

struct Type {
  struct Field {
    std::string key;  // `"name":`
    const Type* type = nullptr;
  };
  Shape shape = Shape::text;
  char delimiter = ',';           // between elements of an array
  const Type* element = nullptr;  // of an array or vector
  std::vector<Field> fields;      // of a record
};

// A row of pg_type, as the query of load() gives it.
struct TypeRow {
  std::int64_t oid = 0;
  std::int64_t base = 0;     // of a domain
  std::int64_t element = 0;  // of a true array
  std::string delimiter;     // of this type as an element
  bool has_json_cast = false;
  std::vector<std::string> field_names;
  std::vector<std::int64_t> field_types;
  bool is_record = false;
};

class Types {
 public:
  // The built-in scalar types only.
  Types();
  explicit Types(const std::vector<TypeRow>& rows);
  Types(const Types&) = delete;
  Types& operator=(const Types&) = delete;

  // A type made after the catalogue was read is taken for text.
  const Type& of(std::uint32_t oid) const;
  bool knows(std::uint32_t oid) const { return types_.contains(oid); }
  // The text of such a value (anonymous record, a type with its own cast to json, or one that holds such) does not say
  // what to_json would: the statement must select `to_json(value)` in its place.
  bool needs_to_json(std::uint32_t oid) const { return of(oid).shape == Shape::opaque; }

 private:
  std::unordered_map<std::uint32_t, Type> types_;
};

// Every type that a column or a function's result may have.
core::Task<std::vector<TypeRow>> read_types(pg::Tx& tx);

}  // namespace rest::json
