// The query's tree held against the catalogue: each embed with the relationship it follows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rest/grammar/query.h"
#include "rest/schema/catalogue.h"

namespace rest {

struct Node {
  const Resource* asked = nullptr;
  const Table* table = nullptr;  // none: a function's result that is no table's row
  std::string schema, name;      // what the source is called: table, or function
  std::string alias;             // in SQL
  const Embed* embed = nullptr;  // none at the root
  const Relationship* by = nullptr;
  int depth = 0;
  std::vector<Node> children;                      // the embeds of asked->items, in order
  const Node* child(std::string_view name) const;  // by alias, or else by target
  const Node& child_of(const Embed& embed) const;
};

// Throws Fault PGRST200 (no relationship), PGRST201 (several).
Node resolve(const Catalogue& catalogue, const Table& root, const Resource& asked);
// The same for a function's result; `row` is the table whose rows it gives, if any.
Node resolve(const Catalogue& catalogue, const Function& root, const Table* row, const Resource& asked);

}  // namespace rest
