// Values to and from Postgres, in text format. A row is a scalar or a plain aggregate with its fields in select order;
// their count and types are compared with the server's description when a statement is first prepared.
// Types: bool, std::int16_t/int32_t/int64_t, double, std::string (text, varchar, enums, json, jsonb, numeric, inet),
// core::Uuid, core::Id<…>, core::Time (timestamptz), Json (json, jsonb, passed on verbatim),
// std::vector<std::string> (text[]), std::vector<core::Uuid> (uuid[]), std::vector<std::int64_t> (bigint[]),
// Bytes (bytea), and std::optional of each (null).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/task.h"

struct pg_result;  // libpq's

namespace pg {

struct Json {  // JSON text as the server sent it
  std::string text;
};
struct Bytes {
  std::string bytes;
};

// The kind of type that a column or parameter must have, compared with pg_type at first use.
enum class Kind {
  any_text,
  boolean,
  integer,
  floating,
  uuid,
  timestamp,
  json,
  text_array,
  uuid_array,
  integer_array,
  bytes
};
using Columns = std::span<const Kind>;  // static storage; empty: not checked

struct Param {
  bool null = false;
  std::string text;
  Kind kind = Kind::any_text;  // any_text fits every parameter
};
using Params = std::vector<Param>;

// All rows of one statement, copied. For Session.
class Result {
 public:
  virtual ~Result() = default;
  Result() = default;
  Result(Result&&) noexcept = default;
  Result& operator=(Result&&) noexcept = default;

  std::vector<std::vector<std::optional<std::string>>> rows;
  std::vector<std::string> names;
  std::int64_t affected = 0;
};

// The result of one statement as libpq holds it; cells are views into it. For code that learns its columns at run time
// (the data API); all other code receives structs.
class Rows {
 public:
  Rows() = default;
  Rows(std::string_view statement, std::shared_ptr<const pg_result> result)
      : statement_(statement), result_(std::move(result)) {}
  std::string_view statement() const { return statement_; }
  int size() const;
  int columns() const;
  std::string_view name(int column) const;
  std::uint32_t type(int column) const;  // oid of pg_type
  std::optional<std::string_view> cell(int row, int column) const;
  std::int64_t affected() const;  // rows inserted, updated, deleted or selected

 private:
  std::string_view statement_;
  std::shared_ptr<const pg_result> result_;
};

}  // namespace pg

#include "pg/results.h"  // encode_all, columns_of<R>, detail::one_of, maybe_of, many_of, affected_of
