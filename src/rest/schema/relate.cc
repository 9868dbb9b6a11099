// Foreign keys to relationships. A table is seen through each exposed relation that shows its columns: itself, and the
// views over it. A key between two tables relates every pair of relations that show both of its ends.
#include <algorithm>
#include <map>

#include "rest/schema/load.h"

namespace rest {
namespace {

using Numbers = std::vector<std::int64_t>;

// An exposed relation that shows some columns of a base table.
struct Face {
  const Table* shown = nullptr;
  std::map<std::int64_t, std::string> names;  // base column's number to the name it has here
};
using Faces = std::map<std::int64_t, std::vector<Face>>;  // of each base table

// Where a view's column comes from in the end, through views over views.
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

Faces faces_of(const Catalogue& catalogue, const std::vector<TracedColumn>& traced) {
  std::map<std::pair<std::int64_t, std::int64_t>, const TracedColumn*> by_column;
  for (const TracedColumn& one : traced) by_column[{one.view, one.number}] = &one;
  Faces out;
  for (const auto& [key, table] : catalogue.tables()) {
    std::map<std::int64_t, Face> mine;
    for (const TableColumn& column : table.columns) {
      const auto [base, number] = origin_of(by_column, table.oid, column.number);
      Face& face = mine[base];
      face.shown = &table;
      face.names.emplace(number, column.name);  // of two columns that show the same the first counts
    }
    for (auto& [base, face] : mine) out[base].push_back(std::move(face));
  }
  return out;
}

std::optional<std::vector<std::string>> names_in(const Face& face, const Numbers& columns) {
  std::vector<std::string> out;
  for (const std::int64_t number : columns) {
    const auto found = face.names.find(number);
    if (found == face.names.end()) return std::nullopt;
    out.push_back(found->second);
  }
  return out;
}

bool covers(const Numbers& all, const Numbers& part) {
  return std::ranges::all_of(part, [&](std::int64_t one) { return std::ranges::find(all, one) != all.end(); });
}

class Relater {
 public:
  Relater(Catalogue& catalogue, const Keys& keys)
      : catalogue_(catalogue), keys_(keys), faces_(faces_of(catalogue, keys.traced)) {}

  void direct(const ForeignKey& key) {
    const bool unique = std::ranges::any_of(
        keys_.unique, [&](const Key& one) { return one.table == key.from && covers(key.from_columns, one.columns); });
    for (const Face& from : faces_[key.from])
      for (const Face& to : faces_[key.to]) {
        auto here = names_in(from, key.from_columns);
        auto there = names_in(to, key.to_columns);
        if (!here || !there) continue;
        using Kind = Relationship::Kind;
        Relationship forth{.kind = unique ? Kind::one_to_one : Kind::many_to_one,
                           .from = from.shown,
                           .to = to.shown,
                           .constraint = key.name,
                           .from_columns = *here,
                           .to_columns = *there,
                           .key_is_here = true};
        Relationship back{.kind = unique ? Kind::one_to_one : Kind::one_to_many,
                          .from = to.shown,
                          .to = from.shown,
                          .constraint = key.name,
                          .from_columns = std::move(*there),
                          .to_columns = std::move(*here)};
        catalogue_.add(std::move(forth));
        catalogue_.add(std::move(back));
      }
  }

  // Two keys of one table, both part of its primary key, relate what they lead to.
  void through(const ForeignKey& one, const ForeignKey& other) {
    const auto primary =
        std::ranges::find_if(keys_.unique, [&](const Key& key) { return key.table == one.from && key.primary; });
    if (primary == keys_.unique.end() || !covers(primary->columns, one.from_columns) ||
        !covers(primary->columns, other.from_columns))
      return;
    for (const Face& junction : faces_[one.from])
      for (const Face& from : faces_[one.to])
        for (const Face& to : faces_[other.to]) {
          auto from_names = names_in(from, one.to_columns), to_names = names_in(to, other.to_columns);
          auto junction_from = names_in(junction, one.from_columns),
               junction_to = names_in(junction, other.from_columns);
          if (!from_names || !to_names || !junction_from || !junction_to) continue;
          catalogue_.add(Relationship{.kind = Relationship::Kind::many_to_many,
                                      .from = from.shown,
                                      .to = to.shown,
                                      .constraint = one.name,
                                      .from_columns = std::move(*from_names),
                                      .to_columns = std::move(*to_names),
                                      .junction = junction.shown,
                                      .junction_constraint = other.name,
                                      .junction_from = std::move(*junction_from),
                                      .junction_to = std::move(*junction_to)});
        }
  }

  void primary_key_of(Table& table) const {
    for (const Key& key : keys_.unique) {
      if (!key.primary || !table.primary_key.empty()) continue;
      const auto faces = faces_.find(key.table);
      if (faces == faces_.end()) continue;
      for (const Face& face : faces->second)
        if (face.shown == &table)
          if (auto names = names_in(face, key.columns)) table.primary_key = std::move(*names);
    }
  }

 private:
  Catalogue& catalogue_;
  const Keys& keys_;
  Faces faces_;
};

}  // namespace

void relate(Catalogue& catalogue, const Keys& keys) {
  Relater relater(catalogue, keys);
  for (const ForeignKey& key : keys.foreign) relater.direct(key);
  for (const ForeignKey& one : keys.foreign)
    for (const ForeignKey& other : keys.foreign)
      if (one.from == other.from && &one != &other) relater.through(one, other);
  catalogue.each_table([&](Table& table) { relater.primary_key_of(table); });
}

}  // namespace rest
