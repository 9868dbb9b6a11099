#include "rest/schema_cache/schema_cache.h"

#include <fmt/format.h>

#include <algorithm>

#include "rest/error.h"

namespace rest {
namespace {

// The edit distance of two short words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

}  // namespace

const TableColumn* Table::column(std::string_view wanted) const {
  const auto found = std::ranges::find(columns, wanted, &TableColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

const Table* SchemaCache::table(std::string_view schema, std::string_view name) const {
  const auto found = tables_.find(std::pair(schema, name));
  return found == tables_.end() ? nullptr : &found->second;
}

const Table& SchemaCache::require_table(std::string_view schema, std::string_view name) const {
  if (const Table* const found = table(schema, name)) return *found;
  std::vector<std::string_view> names;
  for (const auto& [key, one] : tables_)
    if (key.first == schema) names.push_back(key.second);
  const std::string near = nearest(name, names);
  throw Error(404, "PGRST205", fmt::format("Could not find the table '{}.{}' in the schema cache", schema, name),
              "null",
              near.empty() ? "null" : json_string(fmt::format("Perhaps you meant the table '{}.{}'", schema, near)));
}

const Table* SchemaCache::table_of_oid(std::int64_t oid) const {
  const auto found = by_oid_.find(oid);
  return found == by_oid_.end() ? nullptr : found->second;
}

std::vector<const Routine*> SchemaCache::routines(std::string_view schema, std::string_view name) const {
  std::vector<const Routine*> out;
  const auto [first, last] = routines_.equal_range(std::pair(schema, name));
  for (auto at = first; at != last; ++at) out.push_back(&at->second);
  return out;
}

const std::vector<Relationship>& SchemaCache::relationships(const Table& from) const {
  static const std::vector<Relationship> kNone;
  const auto found = relationships_.find(&from);
  return found == relationships_.end() ? kNone : found->second;
}

Table& SchemaCache::add(Table table) {
  const std::int64_t oid = table.oid;
  auto key = std::pair(table.schema, table.name);
  Table& mine = tables_.insert_or_assign(std::move(key), std::move(table)).first->second;
  by_oid_[oid] = &mine;
  return mine;
}

void SchemaCache::add(Routine function) {
  auto key = std::pair(function.schema, function.name);
  routines_.emplace(std::move(key), std::move(function));
}

void SchemaCache::add(Relationship relationship) {
  relationships_[relationship.from].push_back(std::move(relationship));
}

std::string nearest(std::string_view wanted, const std::vector<std::string_view>& names) {
  if (wanted.size() > 63) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string_view name : names) {
    if (name.size() > 63) continue;
    const std::size_t d = distance(wanted, name);
    if (d < best_distance) {
      best = name;
      best_distance = d;
    }
  }
  return std::string(best);
}

}  // namespace rest
