// Parses the query string of /rest/v1 into its tree.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rest/request/query_types.h"

namespace rest {

struct QueryParams {
  Resource root;
  std::optional<std::vector<std::string>> columns;
  std::vector<std::string> on_conflict;
  bool has_select = false;
};

using Pairs = std::span<const std::pair<std::string, std::string>>;

// Throws Error PGRST100 (syntax, bounds), PGRST108 (a filter on what is not embedded).
QueryParams parse_query_params(Pairs pairs);

// The parsers of its parts. They throw Error PGRST100.
std::vector<SelectItem> parse_select(std::string_view text);
Operation parse_operation(std::string_view text);
LogicTree parse_logic(std::string_view text);  // "(a.eq.1,or(…))"; the members are joined by and
std::vector<OrderTerm> parse_order(std::string_view text);
std::vector<std::string> parse_names(std::string_view text, std::string_view what);  // columns, on_conflict
// "a.b.col->>key": the path of embeds, and the field.
struct FilterKey {
  std::vector<std::string> embeds;
  Field field;
};
FilterKey parse_filter_key(std::string_view text);
// True when `text` begins like an operation. Distinguishes a filter from a function's argument.
bool looks_like_operation(std::string_view text);

}  // namespace rest
