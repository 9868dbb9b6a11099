// The tree of a query string (docs/spec/supabase-data-api.md 3): names as written, not yet resolved.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rest {

// Limits on the query string (docs/spec/security.md 5.7).
inline constexpr int kDepth = 8;                  // of embeds, of logic
inline constexpr std::size_t kListLength = 1000;  // items of in.(…), of select, columns, order
inline constexpr std::size_t kConditions = 300;   // in one request
inline constexpr std::size_t kEmbeds = 50;        // in one request

struct JsonOperation {
  std::string key;
  bool is_index = false;  // ->0
  bool as_text = false;   // ->>
  bool operator==(const JsonOperation&) const = default;
};

// A column, or a path into its JSON.
struct Field {
  std::string name;
  std::vector<JsonOperation> path;
  bool operator==(const Field&) const = default;
};

// clang-format off
enum class Operator {
  eq, neq, gt, gte, lt, lte, like, ilike, match, imatch, in, is, isdistinct,
  fts, plfts, phfts, wfts, cs, cd, ov, sl, sr, nxl, nxr, adj
};
// clang-format on
enum class Quantifier { none, any, all };
enum class Is { null, not_null, is_true, is_false, unknown };

struct Operation {
  bool negated = false;
  Operator op = Operator::eq;
  Quantifier quantifier = Quantifier::none;
  std::string config;             // of fts
  Is is = Is::null;               // of is
  std::string value;              // of all others, as written
  std::vector<std::string> list;  // of in
  bool operator==(const Operation&) const = default;
};

struct Condition;
struct Filter {
  Field field;
  Operation operation;
  bool operator==(const Filter&) const = default;
};
struct LogicTree {
  enum class Joined { all, any };
  bool negated = false;
  Joined joined = Joined::all;
  std::vector<Condition> conditions;
  bool operator==(const LogicTree&) const;
};
// Either a filter or a logic tree.
struct Condition {
  std::optional<Filter> filter;
  LogicTree logic;
  bool operator==(const Condition&) const = default;
};

struct OrderTerm {
  enum class Direction { unset, ascending, descending };
  enum class Nulls { unset, first, last };
  std::string relation;  // the embedded to-one resource that has the field; empty: the resource itself
  Field field;
  Direction direction = Direction::unset;
  Nulls nulls = Nulls::unset;
  bool operator==(const OrderTerm&) const = default;
};

enum class Aggregate { none, count, sum, avg, min, max };

struct SelectField {
  std::string alias;
  Field field;  // "*": all columns; empty with count(): rows
  std::string cast;
  Aggregate aggregate = Aggregate::none;
  std::string aggregate_cast;
  bool operator==(const SelectField&) const = default;
};

struct Embed;
struct SelectItem {
  SelectField column;
  std::unique_ptr<Embed> embed;  // if set, `column` is unused
};

// The query on a table, a view or a function's result.
struct Resource {
  std::vector<SelectItem> items;
  std::vector<Condition> conditions;  // joined by and
  std::vector<OrderTerm> order;
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> offset;
};

struct Embed {
  enum class Join { left, inner };
  std::string alias;
  std::string target;  // table, key column, or constraint
  std::string hint;
  Join join = Join::left;
  bool spread = false;
  Resource resource;
  std::string_view name() const { return alias.empty() ? target : alias; }
};

}  // namespace rest
