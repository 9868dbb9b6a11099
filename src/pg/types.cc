#include "pg/types.h"

#include <fmt/core.h>
#include <libpq-fe.h>

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

namespace pg::detail {

namespace {

// OIDs from pg_type.dat, the same in every version.
enum Oid_ : std::uint32_t {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kVarchar = 1043,
  kTimestamptz = 1184,
  kNumeric = 1700,
  kUuid = 2950,
  kJsonb = 3802,
  kTextArray = 1009,
  kVarcharArray = 1015,
  kInt8Array = 1016,
  kUuidArray = 2951
};

bool among(std::uint32_t oid, std::initializer_list<std::uint32_t> oids) {
  return std::ranges::find(oids, oid) != oids.end();
}

bool has_own_kind(std::uint32_t oid) {
  return among(oid, {kBool, kBytea, kInt8, kInt2, kInt4, kFloat4, kFloat8, kTimestamptz, kUuid, kTextArray,
                     kVarcharArray, kInt8Array, kUuidArray});
}

}  // namespace

bool column_fits(Kind kind, std::uint32_t oid) {
  switch (kind) {
    case Kind::any_text: return !has_own_kind(oid);
    case Kind::boolean: return oid == kBool;
    case Kind::integer: return among(oid, {kInt2, kInt4, kInt8, kOid});
    case Kind::floating: return among(oid, {kFloat4, kFloat8, kNumeric});
    case Kind::uuid: return oid == kUuid;
    case Kind::timestamp: return oid == kTimestamptz;
    case Kind::json: return among(oid, {kJson, kJsonb});
    case Kind::text_array: return among(oid, {kTextArray, kVarcharArray}) || oid >= 16384;  // also arrays of enums
    case Kind::uuid_array: return oid == kUuidArray;
    case Kind::integer_array: return oid == kInt8Array;
    case Kind::bytes: return oid == kBytea;
  }
  return false;
}

bool parameter_fits(Kind kind, std::uint32_t oid) {
  if (among(oid, {kText, kVarchar}) || oid >= 16384) return true;  // any text, enums and domains
  switch (kind) {
    case Kind::any_text: return true;
    case Kind::integer: return among(oid, {kInt2, kInt4, kInt8, kOid, kFloat4, kFloat8, kNumeric});
    case Kind::timestamp: return among(oid, {kTimestamptz, 1114, 1082});  // timestamp, date
    default: return column_fits(kind, oid);
  }
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::any_text: return "text";
    case Kind::boolean: return "boolean";
    case Kind::integer: return "integer";
    case Kind::floating: return "double";
    case Kind::uuid: return "uuid";
    case Kind::timestamp: return "timestamptz";
    case Kind::json: return "json";
    case Kind::text_array: return "text[]";
    case Kind::uuid_array: return "uuid[]";
    case Kind::integer_array: return "bigint[]";
    case Kind::bytes: return "bytea";
  }
  return "?";
}

void expect_column_types(std::string_view statement, const pg_result* result, Columns columns) {
  if (columns.empty()) return;
  const int count = PQnfields(result);
  if (count != static_cast<int>(columns.size()))
    throw std::logic_error(
        fmt::format("{}: the row has {} fields, the statement {} columns", statement, columns.size(), count));
  for (int i = 0; i < count; ++i) {
    const Kind kind = columns[static_cast<std::size_t>(i)];
    if (!column_fits(kind, PQftype(result, i)))
      throw std::logic_error(fmt::format("{}: column {} ({}) has pg_type oid {}, which is not {}", statement, i + 1,
                                         PQfname(result, i), PQftype(result, i), kind_name(kind)));
  }
}

void expect_types(std::string_view statement, const pg_result* described, Columns columns, const Params& params) {
  expect_column_types(statement, described, columns);
  const int count = PQnparams(described);
  if (count != static_cast<int>(params.size()))
    throw std::logic_error(
        fmt::format("{}: {} parameters given, the statement takes {}", statement, params.size(), count));
  for (int i = 0; i < count; ++i) {
    const Kind kind = params[static_cast<std::size_t>(i)].kind;
    if (!parameter_fits(kind, PQparamtype(described, i)))
      throw std::logic_error(fmt::format("{}: parameter ${} has pg_type oid {}, but {} was given", statement, i + 1,
                                         PQparamtype(described, i), kind_name(kind)));
  }
}

}  // namespace pg::detail
