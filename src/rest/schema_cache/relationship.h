// A way to embed one table in another.
#pragma once

#include <string>
#include <vector>

#include "rest/schema_cache/table.h"

namespace rest {

// The join condition is from.from_columns[i] = to.to_columns[i].
struct Relationship {
  enum class Kind { many_to_one, one_to_many, one_to_one, many_to_many, computed };
  Kind kind = Kind::many_to_one;
  const Table* from = nullptr;
  const Table* to = nullptr;
  std::string constraint;  // many_to_many: the one that leads to `from`
  std::vector<std::string> from_columns;
  std::vector<std::string> to_columns;
  bool key_is_here = false;  // the foreign key belongs to `from`
  // many_to_many: through the rows of `junction`.
  const Table* junction = nullptr;
  std::string junction_constraint;  // the one that leads to `to`
  std::vector<std::string> junction_from, junction_to;
  // computed: a function of a row of `from`.
  std::string function_schema, function;
  bool returns_one = false;  // computed: at most one row
  bool is_to_one() const {
    return kind == Kind::many_to_one || kind == Kind::one_to_one || (kind == Kind::computed && returns_one);
  }
};

}  // namespace rest
