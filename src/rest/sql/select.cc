// The select list, from, group by, order by and limit. An embed is a subquery in the select list, which Postgres
// evaluates for the rows of the page only. A spread embed has several columns and is joined.
#include <fmt/format.h>

#include <algorithm>

#include "rest/error.h"
#include "rest/sql/row_size.h"
#include "rest/sql/sql_clauses.h"

namespace rest {
namespace {

std::string spread_alias(const Node& node, const Node& child) {
  const auto index = &child - node.children.data();
  return fmt::format("{}_s{}", child.alias, index);
}

std::string_view name_of(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::count: return "count";
    case Aggregate::sum: return "sum";
    case Aggregate::avg: return "avg";
    case Aggregate::max: return "max";
    case Aggregate::min: return "min";
    case Aggregate::none: break;
  }
  return "";
}

// Its text does not determine its JSON.
bool is_opaque(const Node& node, const SelectField& column) {
  if (!column.field.path.empty() || !column.cast.empty() || column.aggregate != Aggregate::none) return false;
  const TableColumn* const known = node.table == nullptr ? nullptr : node.table->column(column.field.name);
  return known != nullptr && known->opaque;
}

void write_to_json(SqlText& sql, const Node& node, std::string_view name) {
  (sql << "to_json(").name(node.alias, name) << ")";
}

// All columns, listed when one of them is opaque.
void write_all(SqlText& sql, const Node& node) {
  if (node.table == nullptr || std::ranges::none_of(node.table->columns, &TableColumn::opaque)) {
    sql.name(node.alias) << ".*";
    return;
  }
  bool first = true;
  for (const TableColumn& column : node.table->columns) {
    if (!std::exchange(first, false)) sql << ", ";
    if (!column.opaque) {
      sql.name(node.alias, column.name);
      continue;
    }
    write_to_json(sql, node, column.name);
    (sql << " as ").name(column.name);
  }
}

void write_column(SqlText& sql, const Node& node, const SelectField& column, const Bounds& bounds) {
  if (is_opaque(node, column)) return write_to_json(sql, node, column.field.name);
  if (column.aggregate != Aggregate::none && !bounds.aggregates)
    throw Error(400, "PGRST123", "Use of aggregate functions is not allowed");
  check_cast(column.cast);
  check_cast(column.aggregate_cast);
  if (!column.aggregate_cast.empty()) sql << "cast(";
  if (column.aggregate != Aggregate::none) sql << name_of(column.aggregate) << "(";
  if (!column.cast.empty()) sql << "cast(";
  if (column.field.name.empty()) sql << "*";
  else write_field(sql, node, column.field);
  if (!column.cast.empty()) (sql << " as ").type(column.cast) << ")";
  if (column.aggregate != Aggregate::none) sql << ")";
  if (!column.aggregate_cast.empty()) (sql << " as ").type(column.aggregate_cast) << ")";
}

// An embed's column: an object, an array, or null. Offset 0 keeps Postgres from making an object twice.
void write_embed(SqlText& sql, const Node& node, const Node& child, const Bounds& bounds, std::size_t most) {
  const bool one = child.relationship->is_to_one();
  if (most > 0) open_size_guard(sql, most);
  sql << (one ? "(select row_to_json(x.*)" : "(select coalesce(json_agg(x.*), '[]')") << (most > 0 ? " as v" : "");
  sql << " from (";
  write_select(sql, child, &node, bounds);
  sql << (one && most > 0 ? ") x offset 0)" : ") x)");
  if (most > 0) close_size_guard(sql);
}

}  // namespace

std::vector<std::string> spread_keys(const Node& child) {
  std::vector<std::string> out;
  for (const SelectItem& item : child.resource->items) {
    if (!is_shown(item)) continue;
    if (!item.embed && item.column.field.name == "*") {
      for (const TableColumn& column : child.table->columns) out.push_back(column.name);
    } else if (item.embed && item.embed->spread) {
      for (std::string& name : spread_keys(child.child_of(*item.embed))) out.push_back(std::move(name));
    } else {
      out.push_back(item.embed ? std::string(item.embed->name()) : key_of(item.column));
    }
  }
  return out;
}

namespace {

// The columns of a to-one embed's row; of a to-many embed, an array for each column.
void write_spread_join(SqlText& sql, const Node& node, const Node& child, const Bounds& bounds) {
  sql << " left join lateral (";
  if (child.relationship->is_to_one()) {
    write_select(sql, child, &node, bounds);
  } else {
    sql << "select ";
    bool first = true;
    for (const std::string& key : spread_keys(child)) {
      if (!std::exchange(first, false)) sql << ", ";
      ((sql << "coalesce(json_agg(").name("x", key) << "), '[]') as ").name(key);
    }
    sql << " from (";
    write_select(sql, child, &node, bounds);
    sql << ") x";
  }
  (sql << ") as ").name(spread_alias(node, child)) << " on true";
}

bool has_aggregate(const Node& node) {
  return std::ranges::any_of(node.resource->items, [](const SelectItem& item) {
    return !item.embed && item.column.aggregate != Aggregate::none;
  });
}

}  // namespace

bool is_shown(const SelectItem& item) { return !item.embed || !item.embed->resource.items.empty(); }

std::string key_of(const SelectField& column) {
  if (!column.alias.empty()) return column.alias;
  if (column.aggregate != Aggregate::none) return std::string(name_of(column.aggregate));
  for (std::size_t i = column.field.path.size(); i-- > 0;)
    if (!column.field.path[i].is_index) return column.field.path[i].key;
  return column.field.name;
}

void write_fields(SqlText& sql, const Node& node, const Bounds& bounds) {
  const RowSize size = row_size(node, bounds);
  bool first = true;
  const auto next = [&] {
    if (!std::exchange(first, false)) sql << ", ";
  };
  for (const SelectItem& item : node.resource->items) {
    if (!is_shown(item)) continue;
    if (!item.embed) {
      next();
      if (item.column.field.name == "*") {
        write_all(sql, node);
        continue;
      }
      const bool guarded = size.guards(item.column);
      if (guarded) open_size_guard(sql, size.most) << "(select ";
      write_column(sql, node, item.column, bounds);
      if (guarded) close_size_guard(sql << " as v)");
      const bool named_already = item.column.alias.empty() && item.column.field.path.empty() &&
                                 item.column.cast.empty() && item.column.aggregate == Aggregate::none &&
                                 !is_opaque(node, item.column) && !guarded;
      if (!named_already) (sql << " as ").name(key_of(item.column));
      continue;
    }
    const Node& child = node.child_of(*item.embed);
    if (item.embed->spread) {
      for (const std::string& key : spread_keys(child)) {
        next();
        if (size.most > 0) open_size_guard(sql, size.most) << "(select ";
        sql.name(spread_alias(node, child), key);
        if (size.most > 0) (close_size_guard(sql << " as v)") << " as ").name(key);
      }
      continue;
    }
    next();
    write_embed(sql, node, child, bounds, size.most);
    (sql << " as ").name(item.embed->name());
  }
}

void write_from(SqlText& sql, const Node& node, const Node* parent, const Bounds& bounds, std::string_view source) {
  sql << " from ";
  if (!source.empty()) {
    (sql << source << " as ").name(node.alias);
  } else if (parent != nullptr && node.relationship->kind == Relationship::Kind::computed) {
    sql.name(node.relationship->function_schema, node.relationship->function) << "(";
    (sql.name(parent->alias) << ") as ").name(node.alias);
  } else {
    sql.name(node.schema, node.name);
    if (node.alias != node.name) (sql << " as ").name(node.alias);
  }
  if (parent != nullptr && node.relationship->kind == Relationship::Kind::many_to_many) {
    (sql << " cross join ").name(node.relationship->junction->schema, node.relationship->junction->name);
    (sql << " as ").name(node.alias + "_j");
  }
  for (const Node& child : node.children)
    if (child.embed->spread && !child.resource->items.empty()) write_spread_join(sql, node, child, bounds);
}

void write_group(SqlText& sql, const Node& node) {
  if (!has_aggregate(node)) return;
  bool first = true;
  const auto next = [&] { sql << (std::exchange(first, false) ? " group by " : ", "); };
  for (const SelectItem& item : node.resource->items) {
    if (!is_shown(item)) continue;
    if (!item.embed && item.column.aggregate == Aggregate::none) {
      next();
      write_field(sql, node, item.column.field);
    } else if (item.embed && item.embed->spread) {
      const Node& child = node.child_of(*item.embed);
      for (const std::string& key : spread_keys(child)) {
        next();
        sql.name(spread_alias(node, child), key);
      }
    }
  }
}

void write_order(SqlText& sql, const Node& node) {
  bool first = true;
  for (const OrderTerm& order : node.resource->order) {
    sql << (std::exchange(first, false) ? " order by " : ", ");
    if (order.relation.empty()) {
      write_field(sql, node, order.field);
    } else {
      const Node* const child = node.child(order.relation);
      if (child == nullptr) throw not_embedded(order.relation);
      if (!child->relationship->is_to_one())
        throw Error(400, "PGRST118", fmt::format("A related order on '{}' is not possible", order.relation),
                    json_string(fmt::format("'{}' and '{}' do not form a many-to-one or one-to-one relationship",
                                            node.name, order.relation)));
      sql << "(select ";
      write_field(sql, *child, order.field);
      write_from(sql, *child, &node, {});
      write_where(sql, *child, &node);
      sql << " limit 1)";
    }
    if (order.direction != OrderTerm::Direction::unset)
      sql << (order.direction == OrderTerm::Direction::ascending ? " asc" : " desc");
    if (order.nulls != OrderTerm::Nulls::unset)
      sql << (order.nulls == OrderTerm::Nulls::first ? " nulls first" : " nulls last");
  }
}

// The limit is part of the text, since a generic plan for any limit is a bad one. The offset is bound, since it varies.
void write_limit(SqlText& sql, const Node& node, const Bounds& bounds) {
  const std::int64_t most = node.relationship != nullptr && node.relationship->is_to_one() ? 1 : bounds.max_rows;
  (sql << " limit ").number(std::min(node.resource->limit.value_or(most), most));
  if (const auto offset = node.resource->offset.value_or(0); offset > 0)
    (sql << " offset ").bind(std::to_string(offset));
}

void write_select(SqlText& sql, const Node& node, const Node* parent, const Bounds& bounds, std::string_view source) {
  sql << "select ";
  write_fields(sql, node, bounds);
  write_from(sql, node, parent, bounds, source);
  write_where(sql, node, parent);
  write_group(sql, node);
  write_order(sql, node);
  write_limit(sql, node, bounds);
}

}  // namespace rest
