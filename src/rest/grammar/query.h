// Long, since the tree and its parsers are one page: what a request asks for, parsed from the query string of /rest/v1
// (spec/supabase-data-api.md 3). Nothing here has been held against the database yet; names are as written.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rest {

// Bounds on what strangers may write (spec/security.md 5.7).
inline constexpr int kDepth = 8;                  // of embeds, of logic
inline constexpr std::size_t kListLength = 1000;  // items of in.(…), of select, columns, order
inline constexpr std::size_t kConditions = 300;   // in one request
inline constexpr std::size_t kEmbeds = 50;        // in one request

struct JsonStep {
  std::string key;
  bool is_index = false;  // ->0
  bool as_text = false;   // ->>
  bool operator==(const JsonStep&) const = default;
};

// A column, or a place inside its JSON.
struct Field {
  std::string name;
  std::vector<JsonStep> path;
  bool operator==(const Field&) const = default;
};

enum class Operator {
  eq,
  neq,
  gt,
  gte,
  lt,
  lte,
  like,
  ilike,
  match,
  imatch,
  in,
  is,
  isdistinct,
  fts,
  plfts,
  phfts,
  wfts,
  cs,
  cd,
  ov,
  sl,
  sr,
  nxl,
  nxr,
  adj
};
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
struct Logic {
  enum class Joined { all, any };
  bool negated = false;
  Joined joined = Joined::all;
  std::vector<Condition> conditions;
  bool operator==(const Logic&) const;
};
// One of both.
struct Condition {
  std::optional<Filter> filter;
  Logic logic;
  bool operator==(const Condition&) const = default;
};

struct Order {
  enum class Direction { unsaid, ascending, descending };
  enum class Nulls { unsaid, first, last };
  std::string relation;  // an embedded to-one resource whose field it is; empty: the resource's own
  Field field;
  Direction direction = Direction::unsaid;
  Nulls nulls = Nulls::unsaid;
  bool operator==(const Order&) const = default;
};

enum class Aggregate { none, count, sum, avg, min, max };

struct Column {
  std::string alias;
  Field field;  // "*": all columns; empty with count(): rows
  std::string cast;
  Aggregate aggregate = Aggregate::none;
  std::string aggregate_cast;
  bool operator==(const Column&) const = default;
};

struct Embed;
struct Item {
  Column column;
  std::unique_ptr<Embed> embed;  // then `column` says nothing
};

// A table, view or function's result, and what is asked of it.
struct Resource {
  std::vector<Item> items;
  std::vector<Condition> conditions;  // all of them hold
  std::vector<Order> order;
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

struct Query {
  Resource root;
  std::optional<std::vector<std::string>> columns;
  std::vector<std::string> on_conflict;
  bool has_select = false;
};

using Pairs = std::span<const std::pair<std::string, std::string>>;

// Throws Fault PGRST100 (syntax, bounds), PGRST108 (a filter on what is not embedded).
Query parse_query(Pairs pairs);

// The parts, each on its own text. Throw Fault PGRST100.
std::vector<Item> parse_select(std::string_view text);
Operation parse_operation(std::string_view text);
Logic parse_logic(std::string_view text);  // "(a.eq.1,or(…))": the members, joined by all
std::vector<Order> parse_order(std::string_view text);
std::vector<std::string> parse_names(std::string_view text, std::string_view what);  // columns, on_conflict
// "a.b.col->>key": the embeds on the way, and the field.
struct FilterKey {
  std::vector<std::string> embeds;
  Field field;
};
FilterKey parse_filter_key(std::string_view text);
// Whether `text` begins as an operation does: to tell a function's argument from a filter.
bool looks_like_operation(std::string_view text);

}  // namespace rest
