// Resolves the embeds of a query tree against the schema cache.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rest/request/query_types.h"
#include "rest/schema_cache/schema_cache.h"

namespace rest {

// A resource with the table or function it reads, and the relationship to its parent.
struct Node {
  const Resource* resource = nullptr;
  const Table* table = nullptr;                // null: a function whose result is not a table's row
  std::string schema, name;                    // of the table or function
  std::string alias;                           // in SQL
  const Embed* embed = nullptr;                // null at the root
  const Relationship* relationship = nullptr;  // null at the root
  int depth = 0;
  std::vector<Node> children;                      // the embeds of resource->items, in order
  const Node* child(std::string_view name) const;  // by alias, else by target
  const Node& child_of(const Embed& embed) const;
};

// Throws Error PGRST200 (no relationship), PGRST201 (several).
Node resolve_embeds(const SchemaCache& schema_cache, const Table& root, const Resource& resource);
// For a function's result. `row` is the table whose rows it returns, if any.
Node resolve_embeds(const SchemaCache& schema_cache, const Routine& root, const Table* row, const Resource& resource);

}  // namespace rest
