// The select list, what it reads from, order and limit. An embed is a subquery in the select list, which Postgres
// evaluates for the rows of the page only; a spread one is joined, since it gives several columns.
#include <fmt/format.h>

#include <algorithm>

#include "rest/answer/fault.h"
#include "rest/plan/write.h"

namespace rest::plan {
namespace {

std::string spread_alias(const Node& node, const Node& child) {
  const auto index = &child - node.children.data();
  return fmt::format("{}_s{}", child.alias, index);
}

std::string_view word(Aggregate aggregate) {
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

// Its text does not say what to_json makes of it.
bool is_opaque(const Node& node, const Column& column) {
  if (!column.field.path.empty() || !column.cast.empty() || column.aggregate != Aggregate::none) return false;
  const TableColumn* const known = node.table == nullptr ? nullptr : node.table->column(column.field.name);
  return known != nullptr && known->opaque;
}

void write_to_json(SqlText& sql, const Node& node, std::string_view name) {
  (sql << "to_json(").name(node.alias, name) << ")";
}

// Every column: one by one where one of them is opaque.
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

void write_column(SqlText& sql, const Node& node, const Column& column, const Bounds& bounds) {
  if (is_opaque(node, column)) return write_to_json(sql, node, column.field.name);
  if (column.aggregate != Aggregate::none && !bounds.aggregates)
    throw Fault(400, "PGRST123", "Use of aggregate functions is not allowed");
  if (!column.aggregate_cast.empty()) sql << "cast(";
  if (column.aggregate != Aggregate::none) sql << word(column.aggregate) << "(";
  if (!column.cast.empty()) sql << "cast(";
  if (column.field.name.empty()) sql << "*";
  else write_field(sql, node, column.field);
  if (!column.cast.empty()) (sql << " as ").type(column.cast) << ")";
  if (column.aggregate != Aggregate::none) sql << ")";
  if (!column.aggregate_cast.empty()) (sql << " as ").type(column.aggregate_cast) << ")";
}

// The one column of an embed: an object, an array, or null.
void write_embed(SqlText& sql, const Node& node, const Node& child, const Bounds& bounds) {
  const bool one = child.by->gives_one();
  sql << (one ? "(select row_to_json(x.*) from (" : "(select coalesce(json_agg(x.*), '[]') from (");
  write_select(sql, child, &node, bounds);
  sql << ") x)";
}

// Names of what a spread embed gives, in order.
std::vector<std::string> spread_keys(const Node& child) {
  std::vector<std::string> out;
  for (const Item& item : child.asked->items) {
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

// A to-one embed's row, or of a to-many one an array for each column.
void write_spread_join(SqlText& sql, const Node& node, const Node& child, const Bounds& bounds) {
  sql << " left join lateral (";
  if (child.by->gives_one()) {
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
  return std::ranges::any_of(node.asked->items,
                             [](const Item& item) { return !item.embed && item.column.aggregate != Aggregate::none; });
}

}  // namespace

bool is_shown(const Item& item) { return !item.embed || !item.embed->resource.items.empty(); }

std::string key_of(const Column& column) {
  if (!column.alias.empty()) return column.alias;
  if (column.aggregate != Aggregate::none) return std::string(word(column.aggregate));
  for (std::size_t i = column.field.path.size(); i-- > 0;)
    if (!column.field.path[i].is_index) return column.field.path[i].key;
  return column.field.name;
}

void write_fields(SqlText& sql, const Node& node, const Bounds& bounds) {
  bool first = true;
  const auto next = [&] {
    if (!std::exchange(first, false)) sql << ", ";
  };
  for (const Item& item : node.asked->items) {
    if (!is_shown(item)) continue;
    if (!item.embed) {
      next();
      if (item.column.field.name == "*") {
        write_all(sql, node);
        continue;
      }
      write_column(sql, node, item.column, bounds);
      const bool named_already = item.column.alias.empty() && item.column.field.path.empty() &&
                                 item.column.cast.empty() && item.column.aggregate == Aggregate::none &&
                                 !is_opaque(node, item.column);
      if (!named_already) (sql << " as ").name(key_of(item.column));
      continue;
    }
    const Node& child = node.child_of(*item.embed);
    if (item.embed->spread) {
      for (const std::string& key : spread_keys(child)) {
        next();
        sql.name(spread_alias(node, child), key);
      }
      continue;
    }
    next();
    write_embed(sql, node, child, bounds);
    (sql << " as ").name(item.embed->name());
  }
}

void write_from(SqlText& sql, const Node& node, const Node* parent, const Bounds& bounds, std::string_view source) {
  sql << " from ";
  if (!source.empty()) {
    (sql << source << " as ").name(node.alias);
  } else if (parent != nullptr && node.by->kind == Relationship::Kind::computed) {
    sql.name(node.by->function_schema, node.by->function) << "(";
    (sql.name(parent->alias) << ") as ").name(node.alias);
  } else {
    sql.name(node.schema, node.name);
    if (node.alias != node.name) (sql << " as ").name(node.alias);
  }
  if (parent != nullptr && node.by->kind == Relationship::Kind::many_to_many) {
    (sql << " cross join ").name(node.by->junction->schema, node.by->junction->name);
    (sql << " as ").name(node.alias + "_j");
  }
  for (const Node& child : node.children)
    if (child.embed->spread && !child.asked->items.empty()) write_spread_join(sql, node, child, bounds);
}

void write_group(SqlText& sql, const Node& node) {
  if (!has_aggregate(node)) return;
  bool first = true;
  const auto next = [&] { sql << (std::exchange(first, false) ? " group by " : ", "); };
  for (const Item& item : node.asked->items) {
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
  for (const Order& order : node.asked->order) {
    sql << (std::exchange(first, false) ? " order by " : ", ");
    if (order.relation.empty()) {
      write_field(sql, node, order.field);
    } else {
      const Node* const child = node.child(order.relation);
      if (child == nullptr)
        throw Fault(
            400, "PGRST108", fmt::format("'{}' is not an embedded resource in this request", order.relation), "null",
            json_string(fmt::format("Verify that '{}' is included in the 'select' query parameter.", order.relation)));
      if (!child->by->gives_one())
        throw Fault(400, "PGRST118", fmt::format("A related order on '{}' is not possible", order.relation),
                    json_string(fmt::format("'{}' and '{}' do not form a many-to-one or one-to-one relationship",
                                            node.name, order.relation)));
      sql << "(select ";
      write_field(sql, *child, order.field);
      write_from(sql, *child, &node, {});
      write_where(sql, *child, &node);
      sql << " limit 1)";
    }
    if (order.direction != Order::Direction::unsaid)
      sql << (order.direction == Order::Direction::ascending ? " asc" : " desc");
    if (order.nulls != Order::Nulls::unsaid)
      sql << (order.nulls == Order::Nulls::first ? " nulls first" : " nulls last");
  }
}

// A limit is part of the text, since a plan for any limit is a bad one; an offset is bound, since there are so many.
void write_limit(SqlText& sql, const Node& node, const Bounds& bounds) {
  const std::int64_t most = node.by != nullptr && node.by->gives_one() ? 1 : bounds.max_rows;
  (sql << " limit ").number(std::min(node.asked->limit.value_or(most), most));
  if (const auto offset = node.asked->offset.value_or(0); offset > 0) (sql << " offset ").bind(std::to_string(offset));
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

}  // namespace rest::plan
