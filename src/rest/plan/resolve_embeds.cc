#include "rest/plan/resolve_embeds.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "rest/error.h"

namespace rest {
namespace {

using Kind = Relationship::Kind;
using Matches = std::vector<const Relationship*>;

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A hint names a constraint, a column of the key, or the junction table.
bool matches_hint(const Relationship& one, std::string_view hint) {
  if (one.kind == Kind::computed) return false;
  if (one.constraint == hint) return true;
  if (one.kind == Kind::many_to_many) return one.junction->name == hint || one.junction_constraint == hint;
  return has(one.from_columns, hint) || has(one.to_columns, hint);
}

bool matches_target(const Relationship& one, const Embed& embed) {
  if (one.kind == Kind::computed) return one.function == embed.target;
  if (one.to->name != embed.target) return false;
  if (!embed.hint.empty()) {
    if (!matches_hint(one, embed.hint)) return false;
    // For a self-reference, the table's name means the rows that refer to this one.
    return one.from != one.to || one.kind == Kind::many_to_many || !one.key_is_here;
  }
  return one.from != one.to || one.kind == Kind::many_to_many || !one.key_is_here;
}

// A target that is not a table: the only column of a key, a column of one composite key, or a constraint.
Matches match_key(const std::vector<Relationship>& all, const Embed& embed) {
  Matches single, composite, constraint;
  for (const Relationship& one : all) {
    if (one.kind == Kind::many_to_many || one.kind == Kind::computed) continue;
    if (one.key_is_here && has(one.from_columns, embed.target))
      (one.from_columns.size() == 1 ? single : composite).push_back(&one);
    if (one.constraint == embed.target && (one.key_is_here || one.from != one.to)) constraint.push_back(&one);
  }
  if (!single.empty()) return single;
  return composite.empty() ? constraint : composite;
}

std::string_view cardinality(const Relationship& one) {
  switch (one.kind) {
    case Kind::many_to_one: return "many-to-one";
    case Kind::one_to_many: return "one-to-many";
    case Kind::one_to_one: return "one-to-one";
    case Kind::many_to_many: return "many-to-many";
    case Kind::computed: break;
  }
  return one.returns_one ? "many-to-one" : "one-to-many";
}

std::string list(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::string describe(const Relationship& one) {
  if (one.kind == Kind::many_to_many)
    return fmt::format("{} using {}({}) and {}({})", one.junction->name, one.constraint, list(one.junction_from),
                       one.junction_constraint, list(one.junction_to));
  return fmt::format("{} using {}({}) and {}({})", one.constraint, one.from->name, list(one.from_columns), one.to->name,
                     list(one.to_columns));
}

[[noreturn]] void throw_several(const Table& from, const Embed& embed, const Matches& matches) {
  core::JsonWriter details;
  details.begin_array();
  std::string candidates;
  for (const Relationship* one : matches) {
    const std::string& by = one->kind == Kind::many_to_many ? one->junction->name : one->constraint;
    details.begin().field("cardinality", cardinality(*one));
    details.field("embedding", fmt::format("{} with {}", from.name, one->to->name));
    details.field("relationship", describe(*one)).end();
    if (!candidates.empty()) candidates += ", ";
    candidates += fmt::format("'{}!{}'", one->to->name, by);
  }
  details.end_array();
  throw Error(
      300, "PGRST201",
      fmt::format("Could not embed because more than one relationship was found for '{}' and '{}'", from.name,
                  embed.target),
      details.take(),
      json_string(fmt::format("Try changing '{}' to one of the following: {}. Find the desired relationship in the "
                              "'details' key.",
                              embed.target, candidates)));
}

[[noreturn]] void throw_none(const Table& from, const std::vector<Relationship>& all, const Embed& embed) {
  std::vector<std::string_view> names;
  for (const Relationship& one : all) names.push_back(one.to->name);
  const std::string near = embed.hint.empty() ? nearest(embed.target, names) : std::string();
  const bool suggests = !near.empty() && near != embed.target;
  throw no_relationship(
      from.schema, from.name, embed.target, embed.hint,
      suggests ? json_string(fmt::format("Perhaps you meant '{}' instead of '{}'.", near, embed.target)) : "null");
}

const Relationship& find_relationship(const SchemaCache& schema_cache, const Table& from, const Embed& embed) {
  const std::vector<Relationship>& all = schema_cache.relationships(from);
  Matches matches;
  for (const Relationship& one : all)
    // Relations of other exposed schemas cannot be named here.
    if ((one.kind == Kind::computed || one.to->schema == from.schema) && matches_target(one, embed))
      matches.push_back(&one);
  if (matches.empty() && embed.hint.empty()) {
    matches = match_key(all, embed);
    std::erase_if(matches, [&](const Relationship* one) { return one->to->schema != from.schema; });
    // The key also relates to the views over its target. The table itself is meant.
    if (matches.size() > 1)
      if (const auto tables = std::ranges::count_if(matches, [](const auto* one) { return !one->to->is_view; });
          tables == 1)
        std::erase_if(matches, [](const Relationship* one) { return one->to->is_view; });
  }
  if (matches.empty()) throw_none(from, all, embed);
  if (matches.size() > 1) throw_several(from, embed, matches);
  return *matches.front();
}

// The depth makes an alias differ from those above it. Only the root goes by its table's name, which is avoided, also
// with the suffixes that joins add. Postgres cuts identifiers at 63 bytes, so long names are replaced.
std::string alias_of(std::string_view name, int depth, std::string_view root) {
  if (name.size() > 56) name = "t";
  std::string alias = fmt::format("{}_{}", name, depth);
  if (!root.starts_with(alias)) return alias;
  return fmt::format("{}_{}", root.starts_with("t_") ? "u" : "t", depth);
}

void resolve_children(const SchemaCache& schema_cache, Node& node, std::string_view root) {
  for (const SelectItem& item : node.resource->items) {
    if (!item.embed) continue;
    const Embed& embed = *item.embed;
    if (node.table == nullptr) throw no_relationship(node.schema, node.name, embed.target);
    const Relationship& relationship = find_relationship(schema_cache, *node.table, embed);
    Node& child = node.children.emplace_back();
    child.resource = &embed.resource;
    child.table = relationship.to;
    child.schema = relationship.to->schema;
    child.name = relationship.to->name;
    child.embed = &embed;
    child.relationship = &relationship;
    child.depth = node.depth + 1;
    child.alias = alias_of(relationship.to->name, child.depth, root);
    resolve_children(schema_cache, child, root);
  }
}

}  // namespace

const Node* Node::child(std::string_view wanted) const {
  for (const Node& one : children)
    if (one.embed->name() == wanted) return &one;
  for (const Node& one : children)
    if (one.embed->target == wanted) return &one;
  return nullptr;
}

const Node& Node::child_of(const Embed& wanted) const { return *std::ranges::find(children, &wanted, &Node::embed); }

Node resolve_embeds(const SchemaCache& schema_cache, const Table& root, const Resource& resource) {
  Node node{.resource = &resource, .table = &root, .schema = root.schema, .name = root.name, .alias = root.name};
  resolve_children(schema_cache, node, root.name);
  return node;
}

Node resolve_embeds(const SchemaCache& schema_cache, const Routine& root, const Table* row, const Resource& resource) {
  Node node{.resource = &resource, .table = row, .schema = root.schema, .name = root.name, .alias = root.name};
  resolve_children(schema_cache, node, root.name);
  return node;
}

}  // namespace rest
