#include "rest/schema_cache/relationships.h"

#include <algorithm>
#include <map>
#include <optional>

namespace rest {
namespace {

using Numbers = std::vector<std::int64_t>;

// A table is exposed as itself and through the views that select its columns. A foreign key relates every pair of
// exposed relations that select both of its ends.
struct Exposure {
  const Table* relation = nullptr;
  std::map<std::int64_t, std::string> names;  // base column number to its name in the relation
};
using Exposures = std::map<std::int64_t, std::vector<Exposure>>;  // by base table

// The base table's column behind a view's column, through views over views.
std::pair<std::int64_t, std::int64_t> origin_of(
    const std::map<std::pair<std::int64_t, std::int64_t>, const TracedColumn*>& traced, std::int64_t relation,
    std::int64_t column) {
  std::pair at(relation, column);
  for (int i = 0; i < 32; ++i) {
    const auto found = traced.find(at);
    if (found == traced.end()) break;
    at = {found->second->base, found->second->base_number};
  }
  return at;
}

Exposures find_exposures(const SchemaCache& schema_cache, const std::vector<TracedColumn>& traced) {
  std::map<std::pair<std::int64_t, std::int64_t>, const TracedColumn*> by_column;
  for (const TracedColumn& one : traced) by_column[{one.view, one.number}] = &one;
  Exposures out;
  for (const auto& [key, table] : schema_cache.tables()) {
    std::map<std::int64_t, Exposure> mine;
    for (const TableColumn& column : table.columns) {
      const auto [base, number] = origin_of(by_column, table.oid, column.number);
      Exposure& exposure = mine[base];
      exposure.relation = &table;
      exposure.names.emplace(number, column.name);  // of two columns with the same origin the first counts
    }
    for (auto& [base, exposure] : mine) out[base].push_back(std::move(exposure));
  }
  return out;
}

std::optional<std::vector<std::string>> names_in(const Exposure& exposure, const Numbers& columns) {
  std::vector<std::string> out;
  for (const std::int64_t number : columns) {
    const auto found = exposure.names.find(number);
    if (found == exposure.names.end()) return std::nullopt;
    out.push_back(found->second);
  }
  return out;
}

bool covers(const Numbers& all, const Numbers& part) {
  return std::ranges::all_of(part, [&](std::int64_t one) { return std::ranges::find(all, one) != all.end(); });
}

class RelationshipBuilder {
 public:
  RelationshipBuilder(SchemaCache& schema_cache, const Keys& keys)
      : schema_cache_(schema_cache), keys_(keys), exposures_(find_exposures(schema_cache, keys.traced)) {}

  void add_direct(const ForeignKey& key) {
    const bool unique = std::ranges::any_of(
        keys_.unique, [&](const Key& one) { return one.table == key.from && covers(key.from_columns, one.columns); });
    for (const Exposure& from : exposures_[key.from])
      for (const Exposure& to : exposures_[key.to]) {
        auto here = names_in(from, key.from_columns);
        auto there = names_in(to, key.to_columns);
        if (!here || !there) continue;
        using Kind = Relationship::Kind;
        Relationship forth{.kind = unique ? Kind::one_to_one : Kind::many_to_one,
                           .from = from.relation,
                           .to = to.relation,
                           .constraint = key.name,
                           .from_columns = *here,
                           .to_columns = *there,
                           .key_is_here = true};
        Relationship back{.kind = unique ? Kind::one_to_one : Kind::one_to_many,
                          .from = to.relation,
                          .to = from.relation,
                          .constraint = key.name,
                          .from_columns = std::move(*there),
                          .to_columns = std::move(*here)};
        schema_cache_.add(std::move(forth));
        schema_cache_.add(std::move(back));
      }
  }

  // Two foreign keys that are part of one primary key make a many-to-many relationship.
  void add_many_to_many(const ForeignKey& one, const ForeignKey& other) {
    const auto primary =
        std::ranges::find_if(keys_.unique, [&](const Key& key) { return key.table == one.from && key.primary; });
    if (primary == keys_.unique.end() || !covers(primary->columns, one.from_columns) ||
        !covers(primary->columns, other.from_columns))
      return;
    for (const Exposure& junction : exposures_[one.from])
      for (const Exposure& from : exposures_[one.to])
        for (const Exposure& to : exposures_[other.to]) {
          auto from_names = names_in(from, one.to_columns), to_names = names_in(to, other.to_columns);
          auto junction_from = names_in(junction, one.from_columns),
               junction_to = names_in(junction, other.from_columns);
          if (!from_names || !to_names || !junction_from || !junction_to) continue;
          schema_cache_.add(Relationship{.kind = Relationship::Kind::many_to_many,
                                         .from = from.relation,
                                         .to = to.relation,
                                         .constraint = one.name,
                                         .from_columns = std::move(*from_names),
                                         .to_columns = std::move(*to_names),
                                         .junction = junction.relation,
                                         .junction_constraint = other.name,
                                         .junction_from = std::move(*junction_from),
                                         .junction_to = std::move(*junction_to)});
        }
  }

  void trace_primary_key(Table& table) const {
    for (const Key& key : keys_.unique) {
      if (!key.primary || !table.primary_key.empty()) continue;
      const auto exposures = exposures_.find(key.table);
      if (exposures == exposures_.end()) continue;
      for (const Exposure& exposure : exposures->second)
        if (exposure.relation == &table)
          if (auto names = names_in(exposure, key.columns)) table.primary_key = std::move(*names);
    }
  }

 private:
  SchemaCache& schema_cache_;
  const Keys& keys_;
  Exposures exposures_;
};

}  // namespace

void add_relationships(SchemaCache& schema_cache, const Keys& keys) {
  RelationshipBuilder builder(schema_cache, keys);
  for (const ForeignKey& key : keys.foreign) builder.add_direct(key);
  for (const ForeignKey& one : keys.foreign)
    for (const ForeignKey& other : keys.foreign)
      if (one.from == other.from && &one != &other) builder.add_many_to_many(one, other);
  schema_cache.each_table([&](Table& table) { builder.trace_primary_key(table); });
}

}  // namespace rest
