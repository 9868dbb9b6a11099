#include "rest/plan/tree.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "rest/answer/fault.h"

namespace rest {
namespace {

using Kind = Relationship::Kind;
using Matches = std::vector<const Relationship*>;

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A hint is a constraint, a column of the key, or the table between both.
bool hinted(const Relationship& one, std::string_view hint) {
  if (one.kind == Kind::computed) return false;
  if (one.constraint == hint) return true;
  if (one.kind == Kind::many_to_many) return one.junction->name == hint || one.junction_constraint == hint;
  return has(one.from_columns, hint) || has(one.to_columns, hint);
}

bool called(const Relationship& one, const Embed& embed) {
  if (one.kind == Kind::computed) return one.function == embed.target;
  if (one.to->name != embed.target) return false;
  if (!embed.hint.empty()) {
    if (!hinted(one, embed.hint)) return false;
    // Of a table's key to itself, the table's name means the rows that refer to this one.
    return one.from != one.to || one.kind == Kind::many_to_many || !one.key_is_here;
  }
  return one.from != one.to || one.kind == Kind::many_to_many || !one.key_is_here;
}

// Without a table's name: the key's only column, a column of just one key, or the constraint.
Matches by_key(const std::vector<Relationship>& all, const Embed& embed) {
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

std::string_view word(const Relationship& one) {
  switch (one.kind) {
    case Kind::many_to_one: return "many-to-one";
    case Kind::one_to_many: return "one-to-many";
    case Kind::one_to_one: return "one-to-one";
    case Kind::many_to_many: return "many-to-many";
    case Kind::computed: break;
  }
  return one.one ? "many-to-one" : "one-to-many";
}

std::string list(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::string described(const Relationship& one) {
  if (one.kind == Kind::many_to_many)
    return fmt::format("{} using {}({}) and {}({})", one.junction->name, one.constraint, list(one.junction_from),
                       one.junction_constraint, list(one.junction_to));
  return fmt::format("{} using {}({}) and {}({})", one.constraint, one.from->name, list(one.from_columns), one.to->name,
                     list(one.to_columns));
}

[[noreturn]] void refuse_several(const Table& from, const Embed& embed, const Matches& matches) {
  core::JsonWriter details;
  details.begin_array();
  std::string tries;
  for (const Relationship* one : matches) {
    const std::string& by = one->kind == Kind::many_to_many ? one->junction->name : one->constraint;
    details.begin().field("cardinality", word(*one));
    details.field("embedding", fmt::format("{} with {}", from.name, one->to->name));
    details.field("relationship", described(*one)).end();
    if (!tries.empty()) tries += ", ";
    tries += fmt::format("'{}!{}'", one->to->name, by);
  }
  details.end_array();
  throw Fault(
      300, "PGRST201",
      fmt::format("Could not embed because more than one relationship was found for '{}' and '{}'", from.name,
                  embed.target),
      details.take(),
      json_string(fmt::format("Try changing '{}' to one of the following: {}. Find the desired relationship in the "
                              "'details' key.",
                              embed.target, tries)));
}

[[noreturn]] void refuse_none(const Table& from, const std::vector<Relationship>& all, const Embed& embed) {
  std::vector<std::string_view> names;
  for (const Relationship& one : all) names.push_back(one.to->name);
  const std::string near = embed.hint.empty() ? nearest(embed.target, names) : std::string();
  const std::string hinted_by = embed.hint.empty() ? "" : fmt::format(" using the hint '{}'", embed.hint);
  throw Fault(
      400, "PGRST200",
      fmt::format("Could not find a relationship between '{}' and '{}' in the schema cache", from.name, embed.target),
      json_string(
          fmt::format("Searched for a foreign key relationship between '{}' and '{}'{} in the schema '{}', but no "
                      "matches were found.",
                      from.name, embed.target, hinted_by, from.schema)),
      near.empty() || near == embed.target
          ? "null"
          : json_string(fmt::format("Perhaps you meant '{}' instead of '{}'.", near, embed.target)));
}

const Relationship& find(const Catalogue& catalogue, const Table& from, const Embed& embed) {
  const std::vector<Relationship>& all = catalogue.relationships(from);
  Matches matches;
  for (const Relationship& one : all)
    // A relation of another exposed schema has no name here.
    if ((one.kind == Kind::computed || one.to->schema == from.schema) && called(one, embed)) matches.push_back(&one);
  if (matches.empty() && embed.hint.empty()) {
    matches = by_key(all, embed);
    std::erase_if(matches, [&](const Relationship* one) { return one->to->schema != from.schema; });
    // The key of a table is told through the views over its target as well; the table itself is meant.
    if (matches.size() > 1)
      if (const auto tables = std::ranges::count_if(matches, [](const auto* one) { return !one->to->is_view; });
          tables == 1)
        std::erase_if(matches, [](const Relationship* one) { return one->to->is_view; });
  }
  if (matches.empty()) refuse_none(from, all, embed);
  if (matches.size() > 1) refuse_several(from, embed, matches);
  return *matches.front();
}

// Its depth makes an alias differ from those above; the root alone is called as its table is, so that name is avoided,
// also with what joins add to an alias. Postgres cuts identifiers at 63 bytes: two long ones must not become the same.
std::string alias_of(std::string_view name, int depth, std::string_view root) {
  if (name.size() > 56) name = "t";
  std::string alias = fmt::format("{}_{}", name, depth);
  if (!root.starts_with(alias)) return alias;
  return fmt::format("{}_{}", root.starts_with("t_") ? "u" : "t", depth);
}

void resolve_children(const Catalogue& catalogue, Node& node, std::string_view root) {
  for (const Item& item : node.asked->items) {
    if (!item.embed) continue;
    const Embed& embed = *item.embed;
    if (node.table == nullptr)
      throw Fault(400, "PGRST200",
                  fmt::format("Could not find a relationship between '{}' and '{}' in the schema cache", node.name,
                              embed.target),
                  json_string(fmt::format("Searched for a foreign key relationship between '{}' and '{}' in the schema "
                                          "'{}', but no matches were found.",
                                          node.name, embed.target, node.schema)));
    const Relationship& by = find(catalogue, *node.table, embed);
    Node& child = node.children.emplace_back();
    child.asked = &embed.resource;
    child.table = by.to;
    child.schema = by.to->schema;
    child.name = by.to->name;
    child.embed = &embed;
    child.by = &by;
    child.depth = node.depth + 1;
    child.alias = alias_of(by.to->name, child.depth, root);
    resolve_children(catalogue, child, root);
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

Node resolve(const Catalogue& catalogue, const Table& root, const Resource& asked) {
  Node node{.asked = &asked, .table = &root, .schema = root.schema, .name = root.name, .alias = root.name};
  resolve_children(catalogue, node, root.name);
  return node;
}

Node resolve(const Catalogue& catalogue, const Function& root, const Table* row, const Resource& asked) {
  Node node{.asked = &asked, .table = row, .schema = root.schema, .name = root.name, .alias = root.name};
  resolve_children(catalogue, node, root.name);
  return node;
}

}  // namespace rest
