// A function of an exposed schema.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rest {

struct RoutineParam {
  std::string name;
  std::string type;
  std::uint32_t type_oid = 0;
  bool is_array = false;
  bool is_record = false;
  bool required = true;
  bool variadic = false;
};

struct Routine {
  std::int64_t oid = 0;
  std::string schema, name;
  std::string comment;
  std::vector<RoutineParam> params;
  std::uint32_t returns = 0;  // oid
  std::string returns_type;
  std::int64_t returns_row = 0;  // pg_class of the row type, 0: none
  bool returns_set = false;
  bool returns_rows = false;       // named columns: a composite, TABLE(…), OUT parameters
  bool returns_composite = false;  // a row type or record, which may be null as a whole
  bool returns_void = false;
  bool is_volatile = true;
  std::int64_t expected_rows = 0;
  // Its only parameter has no name and takes the whole body.
  bool takes_body() const { return params.size() == 1 && params[0].name.empty(); }
};

}  // namespace rest
