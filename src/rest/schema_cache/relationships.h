// Foreign keys to relationships. Private to schema_cache/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rest/schema_cache/schema_cache.h"
#include "rest/schema_cache/view_columns.h"

namespace rest {

// A foreign key by column numbers.
struct ForeignKey {
  std::string name;
  std::int64_t from = 0, to = 0;  // pg_class
  std::vector<std::int64_t> from_columns, to_columns;
};
struct Key {
  std::int64_t table = 0;
  bool primary = false;
  std::vector<std::int64_t> columns;
};
struct Keys {
  std::vector<ForeignKey> foreign;
  std::vector<Key> unique;
  std::vector<TracedColumn> traced;
};
// Adds the relationships that follow from the keys, between tables and the views that select their columns. Also traces
// the primary keys of views.
void add_relationships(SchemaCache& schema_cache, const Keys& keys);

}  // namespace rest
