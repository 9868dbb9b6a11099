// The tables, relationships and functions of the exposed schemas: read once from pg_catalog, immutable, shared by
// requests.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rest/json/types.h"
#include "rest/schema_cache/relationship.h"
#include "rest/schema_cache/routine.h"
#include "rest/schema_cache/table.h"

namespace rest {

// Orders by schema and name; lookups need no copy.
struct QualifiedLess {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    const int schemas = std::string_view(a.first).compare(std::string_view(b.first));
    return schemas != 0 ? schemas < 0 : std::string_view(a.second) < std::string_view(b.second);
  }
};
using Tables = std::map<std::pair<std::string, std::string>, Table, QualifiedLess>;
using Routines = std::multimap<std::pair<std::string, std::string>, Routine, QualifiedLess>;

class SchemaCache {
 public:
  explicit SchemaCache(std::shared_ptr<const json::Types> types) : types_(std::move(types)) {}
  const Table* table(std::string_view schema, std::string_view name) const;
  // Throws Error PGRST205, with a hint when a name is near.
  const Table& require_table(std::string_view schema, std::string_view name) const;
  const Table* table_of_oid(std::int64_t oid) const;
  std::vector<const Routine*> routines(std::string_view schema, std::string_view name) const;
  const std::vector<Relationship>& relationships(const Table& from) const;
  const std::shared_ptr<const json::Types>& types() const { return types_; }

  const Tables& tables() const { return tables_; }
  const Routines& all_routines() const { return routines_; }

  // For load_schema_cache().
  Table& add(Table table);
  void add(Routine function);
  void add(Relationship relationship);
  template <class Fn>
  void each_table(Fn fn) {
    for (auto& [key, table] : tables_) fn(table);
  }

 private:
  std::shared_ptr<const json::Types> types_;
  Tables tables_;
  std::unordered_map<std::int64_t, const Table*> by_oid_;
  Routines routines_;
  std::unordered_map<const Table*, std::vector<Relationship>> relationships_;
};

// The closest of `names` within a typing mistake, or empty.
std::string nearest(std::string_view wanted, const std::vector<std::string_view>& names);

}  // namespace rest
