// The structure of the database's types, as needed to write their text as JSON. Read with the schema cache, immutable,
// shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pg/pg.h"

namespace rest::json {

// How to turn a value's text into the JSON that Postgres's to_json gives.
enum class Shape : std::uint8_t {
  text,         // a string, escaped
  plain,        // a string without bytes to escape
  number,       // unchanged; NaN and the infinities as strings
  boolean,      // t, f
  timestamp,    // T between date and time
  timestamptz,  // the same, and minutes in the zone
  json,         // unchanged
  array,        // {a,"b",{…}}
  vector,       // int2vector, oidvector: elements between spaces
  record,       // (a,"b",)
  opaque,       // its text does not determine its JSON; see needs_to_json
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

// A row of pg_type.
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

  // A type created after the schema cache was read counts as text.
  const Type& of(std::uint32_t oid) const;
  bool knows(std::uint32_t oid) const { return types_.contains(oid); }
  // The text of such a value does not determine its JSON, so statements must select `to_json(value)`: anonymous
  // records, types with their own cast to json, and types that contain either.
  bool needs_to_json(std::uint32_t oid) const { return of(oid).shape == Shape::opaque; }

 private:
  std::unordered_map<std::uint32_t, Type> types_;
};

// Every type that a column or a function's result may have.
core::Task<std::vector<TypeRow>> read_types(pg::Tx& tx);

}  // namespace rest::json
