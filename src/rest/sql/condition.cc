// Filters and logic trees as SQL conditions.
#include <array>

#include "rest/error.h"
#include "rest/sql/sql_clauses.h"

namespace rest {
namespace {

constexpr std::uint32_t kJson = 114, kJsonb = 3802, kText = 25, kVarchar = 1043, kBpchar = 1042;

bool is_json_type(std::uint32_t oid) { return oid == kJson || oid == kJsonb; }

std::uint32_t type_of(const Node& node, const Field& field) {
  if (!field.path.empty()) return field.path.back().as_text ? kText : kJsonb;
  const TableColumn* const column = node.table == nullptr ? nullptr : node.table->column(field.name);
  return column == nullptr ? 0 : column->type_oid;
}

std::string_view infix(Operator op) {
  switch (op) {
    case Operator::eq: return " = ";
    case Operator::neq: return " <> ";
    case Operator::gt: return " > ";
    case Operator::gte: return " >= ";
    case Operator::lt: return " < ";
    case Operator::lte: return " <= ";
    case Operator::like: return " like ";
    case Operator::ilike: return " ilike ";
    case Operator::match: return " ~ ";
    case Operator::imatch: return " ~* ";
    case Operator::in: return " = any";
    case Operator::is: return " is ";
    case Operator::isdistinct: return " is distinct from ";
    case Operator::fts: return " @@ to_tsquery";
    case Operator::plfts: return " @@ plainto_tsquery";
    case Operator::phfts: return " @@ phraseto_tsquery";
    case Operator::wfts: return " @@ websearch_to_tsquery";
    case Operator::cs: return " @> ";
    case Operator::cd: return " <@ ";
    case Operator::ov: return " && ";
    case Operator::sl: return " << ";
    case Operator::sr: return " >> ";
    case Operator::nxl: return " &> ";
    case Operator::nxr: return " &< ";
    case Operator::adj: return " -|- ";
  }
  return "";
}

std::string_view word(Is is) {
  switch (is) {
    case Is::null: return "null";
    case Is::not_null: return "not null";
    case Is::is_true: return "true";
    case Is::is_false: return "false";
    case Is::unknown: break;
  }
  return "unknown";
}

std::string with_percent(std::string text) {
  for (char& c : text)
    if (c == '*') c = '%';
  return text;
}

void write_search(SqlText& sql, const Node& node, const Filter& filter) {
  const Operation& o = filter.operation;
  const auto config = [&] {
    if (!o.config.empty()) sql.bind(o.config) << ", ";
  };
  const std::uint32_t type = type_of(node, filter.field);
  const bool needs_vector = type == kText || type == kVarchar || type == kBpchar || is_json_type(type);
  if (needs_vector) {
    sql << "to_tsvector(";
    config();
  }
  write_field(sql, node, filter.field);
  if (needs_vector) sql << ")";
  sql << infix(o.op) << "(";
  config();
  sql.bind(o.value) << ")";
}

void write_condition(SqlText& sql, const Node& node, const Condition& condition);

void write_logic(SqlText& sql, const Node& node, const LogicTree& logic) {
  if (logic.negated) sql << "not ";
  sql << "(";
  bool first = true;
  for (const Condition& one : logic.conditions) {
    if (!std::exchange(first, false)) sql << (logic.joined == LogicTree::Joined::any ? " or " : " and ");
    write_condition(sql, node, one);
  }
  sql << ")";
}

bool is_null_test(const Operation& o) { return o.op == Operator::is && (o.is == Is::null || o.is == Is::not_null); }

// `child=is.null` tests whether the embed has rows. With another operator the name is a column, if there is one.
const Node* embed_of(const Node& node, const Condition& condition) {
  if (!condition.filter || !condition.filter->field.path.empty()) return nullptr;
  const Filter& filter = *condition.filter;
  const bool is_column = node.table != nullptr && node.table->column(filter.field.name) != nullptr;
  return is_null_test(filter.operation) || !is_column ? node.child(filter.field.name) : nullptr;
}

void write_embed_condition(SqlText& sql, const Node& node, const Node& child, const Operation& o) {
  if (!is_null_test(o))
    throw Error(400, "PGRST120", "Bad operator on the '" + std::string(child.embed->name()) + "' embedded resource",
                json_string("Only is null or not is null filters are allowed on embedded resources"));
  if ((o.is == Is::null) != o.negated) sql << "not ";
  write_exists(sql, child, node);
}

void write_condition(SqlText& sql, const Node& node, const Condition& condition) {
  if (!condition.filter) return write_logic(sql, node, condition.logic);
  if (const Node* const child = embed_of(node, condition))
    return write_embed_condition(sql, node, *child, condition.filter->operation);
  write_filter(sql, node, *condition.filter);
}

// parent.column = child.column of the relationship. False for a computed one, which has no condition.
bool write_join(SqlText& sql, const Node& child, const Node& parent) {
  const Relationship& by = *child.relationship;
  if (by.kind == Relationship::Kind::computed) return false;
  const bool through = by.kind == Relationship::Kind::many_to_many;
  const std::string between = child.alias + "_j";
  for (std::size_t i = 0; i < by.from_columns.size(); ++i) {
    if (i > 0) sql << " and ";
    if (through) sql.name(between, by.junction_from[i]);
    else sql.name(child.alias, by.to_columns[i]);
    (sql << " = ").name(parent.alias, by.from_columns[i]);
  }
  if (through)
    for (std::size_t i = 0; i < by.to_columns.size(); ++i)
      ((sql << " and ").name(child.alias, by.to_columns[i]) << " = ").name(between, by.junction_to[i]);
  return true;
}

}  // namespace

void write_field(SqlText& sql, const Node& node, const Field& field) {
  const TableColumn* const column = node.table == nullptr ? nullptr : node.table->column(field.name);
  const bool convert = !field.path.empty() && column != nullptr && !is_json_type(column->type_oid);
  if (convert) sql << "to_jsonb(";
  sql.name(node.alias, field.name);
  if (convert) sql << ")";
  for (const JsonOperation& step : field.path) {
    sql << (step.as_text ? "->>" : "->");
    if (step.is_index) sql << "(" << step.key << ")";
    else sql.literal(step.key);
  }
}

void write_filter(SqlText& sql, const Node& node, const Filter& filter) {
  const Operation& o = filter.operation;
  sql << (o.negated ? "not (" : "(");
  switch (o.op) {
    case Operator::fts:
    case Operator::plfts:
    case Operator::phfts:
    case Operator::wfts: write_search(sql, node, filter); break;
    case Operator::in:
      write_field(sql, node, filter.field);
      (sql << infix(o.op) << "(").bind(array_text(o.list)) << ")";
      break;
    case Operator::is:
      write_field(sql, node, filter.field);
      sql << infix(o.op) << word(o.is);
      break;
    default:
      write_field(sql, node, filter.field);
      sql << infix(o.op);
      if (o.quantifier != Quantifier::none) sql << (o.quantifier == Quantifier::any ? "any(" : "all(");
      sql.bind(o.op == Operator::like || o.op == Operator::ilike ? with_percent(o.value) : o.value);
      if (o.quantifier != Quantifier::none) sql << ")";
  }
  sql << ")";
}

void write_where(SqlText& sql, const Node& node, const Node* parent, Conditions which) {
  bool first = true;
  const auto next = [&] { sql << (std::exchange(first, false) ? " where " : " and "); };
  if (parent != nullptr && node.relationship->kind != Relationship::Kind::computed) {
    next();
    write_join(sql, node, *parent);
  }
  for (const Condition& condition : node.resource->conditions) {
    if ((embed_of(node, condition) != nullptr) ? which == Conditions::own_columns : which == Conditions::embeds)
      continue;
    next();
    write_condition(sql, node, condition);
  }
  if (which == Conditions::own_columns) return;
  for (const Node& child : node.children) {
    if (child.embed->join != Embed::Join::inner) continue;
    next();
    write_exists(sql, child, node);
  }
}

void write_exists(SqlText& sql, const Node& child, const Node& parent) {
  sql << "exists (select 1";
  write_from(sql, child, &parent, {});
  write_where(sql, child, &parent);
  if (child.resource->limit == 0) sql << " limit 0";
  if (child.resource->offset.value_or(0) > 0) (sql << " offset ").number(*child.resource->offset);
  sql << ")";
}

}  // namespace rest
