#include "rest/json/types.h"

#include <array>
#include <utility>

#include "core/json.h"

namespace rest::json {

namespace {

// OIDs from pg_type.dat, the same in every version.
constexpr std::array<std::pair<std::uint32_t, Shape>, 17> kScalars{{{16, Shape::boolean},
                                                                    {20, Shape::number},
                                                                    {21, Shape::number},
                                                                    {23, Shape::number},
                                                                    {700, Shape::number},
                                                                    {701, Shape::number},
                                                                    {1700, Shape::number},
                                                                    {1082, Shape::plain},
                                                                    {2950, Shape::plain},
                                                                    {1114, Shape::timestamp},
                                                                    {1184, Shape::timestamptz},
                                                                    {114, Shape::json},
                                                                    {3802, Shape::json},
                                                                    {2249, Shape::opaque},    // record
                                                                    {2287, Shape::opaque},    // record[]
                                                                    {2277, Shape::opaque},    // anyarray
                                                                    {5078, Shape::opaque}}};  // anycompatiblearray
constexpr std::uint32_t kInt2Vector = 22;
constexpr std::uint32_t kOidVector = 30;
constexpr int kMaxNesting = 16;

const Type kText{};

using RowsByOid = std::unordered_map<std::uint32_t, const TypeRow*>;

std::uint32_t oid_of(std::int64_t number) { return static_cast<std::uint32_t>(number); }

// Resolves a type after its parts.
class Resolver {
 public:
  Resolver(RowsByOid rows, std::unordered_map<std::uint32_t, Type>& types) : rows_(std::move(rows)), types_(types) {}

  const Type* resolve(std::uint32_t oid, int depth) {
    if (const auto known = types_.find(oid); known != types_.end()) return &known->second;
    const auto found = rows_.find(oid);
    if (found == rows_.end()) return &kText;
    Type type = depth < kMaxNesting ? made_of(*found->second, depth) : Type{.shape = Shape::opaque};
    return &types_.emplace(oid, std::move(type)).first->second;
  }

 private:
  Type made_of(const TypeRow& row, int depth) {
    if (row.base != 0) return *resolve(oid_of(row.base), depth + 1);
    if (row.element != 0) return array_of(row, depth);
    if (row.is_record) return record_of(row, depth);
    return Type{.shape = row.has_json_cast ? Shape::opaque : Shape::text};
  }

  Type array_of(const TypeRow& row, int depth) {
    const std::uint32_t oid = oid_of(row.oid);
    const std::uint32_t element = oid_of(row.element);
    Type type{.shape = oid == kInt2Vector || oid == kOidVector ? Shape::vector : Shape::array};
    type.element = resolve(element, depth + 1);
    if (type.element->shape == Shape::opaque) return Type{.shape = Shape::opaque};
    if (const auto found = rows_.find(element); found != rows_.end() && !found->second->delimiter.empty())
      type.delimiter = found->second->delimiter.front();
    return type;
  }

  Type record_of(const TypeRow& row, int depth) {
    Type type{.shape = Shape::record};
    for (std::size_t i = 0; i < row.field_names.size() && i < row.field_types.size(); ++i) {
      Type::Field field{.type = resolve(oid_of(row.field_types[i]), depth + 1)};
      if (field.type->shape == Shape::opaque) return Type{.shape = Shape::opaque};
      core::append_json_utf8(field.key, row.field_names[i]);
      field.key += ':';
      type.fields.push_back(std::move(field));
    }
    return type;
  }

  RowsByOid rows_;
  std::unordered_map<std::uint32_t, Type>& types_;
};

}  // namespace

Types::Types() {
  for (const auto& [oid, shape] : kScalars) types_.emplace(oid, Type{.shape = shape});
}

Types::Types(const std::vector<TypeRow>& rows) : Types() {
  RowsByOid by_oid;
  for (const TypeRow& row : rows) by_oid.emplace(oid_of(row.oid), &row);
  Resolver resolver(std::move(by_oid), types_);
  for (const TypeRow& row : rows) resolver.resolve(oid_of(row.oid), 0);
}

const Type& Types::of(std::uint32_t oid) const {
  const auto found = types_.find(oid);
  return found == types_.end() ? kText : found->second;
}

// For to_json a type with its own subscript handler (point, jsonb) is not an array.
constexpr pg::Sql kTypes{"rest.types_read", R"sql(
  select t.oid::bigint,
         t.typbasetype::bigint,
         case when t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc then t.typelem::bigint else 0 end,
         t.typdelim::text,
         t.oid >= 16384 and exists (select from pg_catalog.pg_cast c
                                    where c.castsource = t.oid and c.casttarget = 114 and c.castmethod = 'f'),
         array(select a.attname::text from pg_catalog.pg_attribute a
               where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum),
         array(select a.atttypid::bigint from pg_catalog.pg_attribute a
               where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum),
         t.typtype = 'c'
  from pg_catalog.pg_type t
  where t.typtype <> 'p'
)sql"};

core::Task<std::vector<TypeRow>> read_types(pg::Tx& tx) { co_return co_await tx.many<TypeRow>(kTypes); }

}  // namespace rest::json
