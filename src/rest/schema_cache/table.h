// A table or view of an exposed schema.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rest {

struct TableColumn {
  std::int64_t number = 0;  // attnum
  std::string name;
  std::string type;  // in SQL, with its modifier: numeric(10,2), public.job_status
  std::uint32_t type_oid = 0;
  bool opaque = false;   // must be selected as to_json(column): json::Types::needs_to_json
  std::string category;  // pg_type.typcategory
  bool nullable = true;
  bool writable = true;      // not always generated
  std::string default_text;  // expression, empty when there is none
  std::string comment;
  std::vector<std::string> labels;  // of an enum
};

struct Table {
  std::int64_t oid = 0;
  std::string schema, name;
  std::string comment;
  bool is_view = false;
  std::int64_t row_type = 0;  // oid
  std::vector<TableColumn> columns;
  std::vector<std::string> primary_key;  // of a view: traced to its base table
  const TableColumn* column(std::string_view name) const;
};

}  // namespace rest
