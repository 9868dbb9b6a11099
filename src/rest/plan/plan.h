// From a parsed request to the one statement that answers it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rest/grammar/payload.h"
#include "rest/grammar/prefer.h"
#include "rest/grammar/query.h"
#include "rest/plan/sql_text.h"
#include "rest/plan/tree.h"
#include "rest/plan/write.h"

namespace rest {

// The statement, and which of its first columns are not the answer's.
struct Plan {
  SqlText sql;
  // Leading columns, in this order.
  bool total = false;      // how many rows there are in all
  bool marker = false;     // null: this row only carries the columns before it
  bool page_size = false;  // how many rows the page would have; there are no others (HEAD)
  bool updated = false;    // how many rows an upsert found
  int leading() const { return int{total} + int{marker} + int{page_size} + int{updated}; }
};

namespace plan {

// Rows of a table, a view, or of `source` (a CTE's name).
struct Reading {
  Prefer::Count count = Prefer::Count::none;
  bool head = false;
  std::int64_t count_to = 0;  // 0: without end
};
// `prefix`: a CTE before it, or only the values that `source` refers to.
Plan read(const Node& root, const Reading& reading, const Bounds& bounds, SqlText prefix = {},
          std::string_view source = "");
// explain of the same rows, for counts that are estimates.
SqlText explain(const Node& root);

// Writes.
struct Showing {
  Prefer::Return returns = Prefer::Return::minimal;
  bool single = false;                       // exactly one row, or PGRST116
  std::optional<std::int64_t> max_affected;  // or PGRST124
};
struct Insert {
  const Payload* payload = nullptr;
  std::string body;  // the JSON array
  std::vector<std::string> columns;
  std::vector<std::string> conflict;  // with a resolution
  Prefer::Resolution resolution = Prefer::Resolution::none;
  std::set<std::string> mixed;  // columns that take their default in those rows that do not name them
  bool put = false;             // the payload's key is the filters', or PGRST115
};
Plan insert(const Node& root, const Insert& what, const Showing& showing, const Bounds& bounds);
struct Update {
  std::string body;
  std::vector<std::string> columns;
  std::set<std::string> by_default;  // of the columns
};
Plan update(const Node& root, const Update& what, const Showing& showing, const Bounds& bounds);
Plan remove(const Node& root, const Showing& showing, const Bounds& bounds);

// A guard is a condition that fails as a cast to boolean does (22P02), since an expression can raise nothing else. What
// it casts begins with a word of this process that nobody can guess, so that no value of a request is taken for it.
const std::string& guard_word();
// SQL that raises `code` (PGRST115, 116 or 124) with the number that `number` gives.
std::string raising(std::string_view code, std::string_view number);
// What a guard raised, in whatever language the server tells it.
struct Raised {
  std::string code;
  std::int64_t number = 0;
};
std::optional<Raised> guard_raised(std::string_view sqlstate, std::string_view message);

}  // namespace plan
}  // namespace rest
