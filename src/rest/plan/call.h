// A function of the schema, chosen by its arguments' names, and the statement that calls it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rest/plan/plan.h"

namespace rest::plan {

// An argument as the request gave it.
struct Given {
  std::string name;
  std::string value;  // JSON text of a body's member, or a parameter's text
  bool is_json = false;
  std::vector<std::string> repeated;  // a parameter that came several times, for a variadic argument
};

// What a whole body may be handed to: the one unnamed argument of such a type.
enum class Body { none, json, text, bytes };

// Throws Fault PGRST202 (none), PGRST203 (several).
const Function& choose(const Catalogue& catalogue, std::string_view schema, std::string_view name,
                       const std::vector<Given>& given, Body body);

// How a function's result is answered.
enum class Shape {
  nothing,  // void
  value,    // one value, or a row as a whole
  values,   // a set of values
  row,      // one row, of which something is selected
  rows      // a set of rows
};
Shape shape_of(const Function& function, bool selects);

struct Calling {
  const Function* function = nullptr;
  std::vector<Given> given;
  std::optional<std::string> body;  // for the unnamed argument
  Prefer::Count count = Prefer::Count::none;
  bool head = false;
  bool single = false;  // exactly one row of the page, or PGRST116; asked of what may have changed something
  std::int64_t count_to = 0;
  std::optional<std::int64_t> max_affected;
};
// `root` is the tree of what is selected of rows, or of a set of values: one column; the other shapes ignore it.
Plan call(const Node& root, const Calling& calling, Shape shape, const Bounds& bounds);

}  // namespace rest::plan
