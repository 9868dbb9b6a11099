// Reads the catalogue. Private to schema/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pg/pg.h"
#include "rest/schema/catalogue.h"

namespace rest {

// Everything of the exposed schemas that a role might see; what it may do is Postgres's business.
core::Task<std::shared_ptr<const Catalogue>> load_catalogue(pg::Db& db, std::vector<std::string> schemas);

// A column of a view, and the column of the relation it shows.
struct TracedColumn {
  std::int64_t view = 0;
  std::int64_t number = 0;
  std::int64_t base = 0;
  std::int64_t base_number = 0;
};
// From the rule's stored tree (pg_rewrite.ev_action): the origin of each column of the outermost select list.
std::vector<TracedColumn> trace_view(std::int64_t view, std::string_view rule_tree);

// A foreign key with the columns' numbers.
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
// The relationships that follow from the keys, between tables and the views that show their columns.
struct Keys {
  std::vector<ForeignKey> foreign;
  std::vector<Key> unique;
  std::vector<TracedColumn> traced;
};
// `names` gives a column's name by table and number.
void relate(Catalogue& catalogue, const Keys& keys);

}  // namespace rest
