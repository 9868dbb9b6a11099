// select=…, order=…, and lists of names.
#include <array>

#include "rest/error.h"
#include "rest/request/cursor.h"
#include "rest/request/query_params.h"

namespace rest {
namespace {

using parser::Cursor;

struct Budget {
  std::size_t items = kListLength;
  std::size_t embeds = kEmbeds;
};

std::vector<SelectItem> read_items(Cursor& c, int depth, Budget& budget);

std::string read_cast(Cursor& c) {
  std::string name = parser::read_name(c);
  if (c.eat("[]")) name += "[]";
  return name;
}

Aggregate read_aggregate(Cursor& c) {
  static constexpr std::array<std::pair<std::string_view, Aggregate>, 5> kNames{{{".sum()", Aggregate::sum},
                                                                                 {".avg()", Aggregate::avg},
                                                                                 {".count()", Aggregate::count},
                                                                                 {".max()", Aggregate::max},
                                                                                 {".min()", Aggregate::min}}};
  for (const auto& [name, aggregate] : kNames)
    if (c.eat(name)) return aggregate;
  return Aggregate::none;
}

// After the alias and the target: hints, join and select list.
std::unique_ptr<Embed> read_embed(Cursor& c, std::string alias, std::string target, int depth, Budget& budget) {
  if (depth > kDepth) c.fail("fewer levels of embedding");
  if (budget.embeds-- == 0) c.fail("fewer embedded resources");
  auto embed = std::make_unique<Embed>();
  embed->alias = std::move(alias);
  embed->target = std::move(target);
  while (c.eat("!")) {
    std::string word = parser::read_name(c);
    if (word == "inner") embed->join = Embed::Join::inner;
    else if (word == "left") embed->join = Embed::Join::left;
    else if (embed->hint.empty()) embed->hint = std::move(word);
    else c.fail("\"inner\", \"left\" or \"(\"");
  }
  c.expect("(");
  c.skip_spaces();
  if (!c.eat(")")) {
    embed->resource.items = read_items(c, depth + 1, budget);
    c.expect(")");
  }
  c.skip_spaces();
  return embed;
}

SelectItem read_item(Cursor& c, int depth, Budget& budget) {
  SelectItem item;
  c.skip_spaces();
  if (c.eat("...")) {
    item.embed = read_embed(c, {}, parser::read_name(c), depth, budget);
    item.embed->spread = true;
    return item;
  }
  if (c.eat("*")) {
    item.column.field.name = "*";
    c.skip_spaces();
    return item;
  }
  std::string name = parser::read_name(c);
  std::string alias;
  if (c.peek() == ':' && !c.sees("::")) {
    c.expect(":");
    alias = std::move(name);
    name = parser::read_name(c);
  }
  if (name == "count" && c.eat("()")) {
    item.column.aggregate = Aggregate::count;
  } else if (c.peek() == '!' || c.peek() == '(') {
    item.embed = read_embed(c, std::move(alias), std::move(name), depth, budget);
    return item;
  } else {
    item.column.field.name = std::move(name);
    item.column.field.path = parser::read_json_path(c);
  }
  item.column.alias = std::move(alias);
  const bool counts_rows = item.column.aggregate != Aggregate::none;
  if (c.eat("::")) (counts_rows ? item.column.aggregate_cast : item.column.cast) = read_cast(c);
  if (!counts_rows) {
    item.column.aggregate = read_aggregate(c);
    if (item.column.aggregate != Aggregate::none && c.eat("::")) item.column.aggregate_cast = read_cast(c);
  }
  c.skip_spaces();
  return item;
}

std::vector<SelectItem> read_items(Cursor& c, int depth, Budget& budget) {
  std::vector<SelectItem> items;
  do {
    if (budget.items-- == 0) c.fail("fewer fields");
    items.push_back(read_item(c, depth, budget));
  } while (c.eat(","));
  return items;
}

// .asc, .desc, .nullsfirst, .nullslast
void read_order_modifiers(Cursor& c, OrderTerm& order) {
  if (c.eat(".asc")) order.direction = OrderTerm::Direction::ascending;
  else if (c.eat(".desc")) order.direction = OrderTerm::Direction::descending;
  if (c.eat(".nullsfirst")) order.nulls = OrderTerm::Nulls::first;
  else if (c.eat(".nullslast")) order.nulls = OrderTerm::Nulls::last;
}

}  // namespace

std::vector<SelectItem> parse_select(std::string_view text) {
  Cursor c(text, "select parameter");
  Budget budget;
  c.skip_spaces();
  if (c.at_end()) return {};
  std::vector<SelectItem> items = read_items(c, 1, budget);
  c.expect_end();
  return items;
}

std::vector<OrderTerm> parse_order(std::string_view text) {
  Cursor c(text, "order");
  std::vector<OrderTerm> out;
  do {
    if (out.size() == kListLength) c.fail("fewer fields");
    OrderTerm& order = out.emplace_back();
    order.field = parser::read_field(c);
    if (order.field.path.empty() && c.eat("(")) {
      order.relation = std::move(order.field.name);
      order.field = parser::read_field(c);
      c.expect(")");
    }
    read_order_modifiers(c, order);
    c.skip_spaces();
    if (!c.at_end() && c.peek() != ',') c.fail("\",\", asc, desc, nullsfirst or nullslast");
  } while (c.eat(","));
  return out;
}

std::vector<std::string> parse_names(std::string_view text, std::string_view what) {
  Cursor c(text, what);
  std::vector<std::string> out;
  c.skip_spaces();
  if (c.at_end()) return out;
  do {
    if (out.size() == kListLength) c.fail("fewer names");
    out.push_back(parser::read_name(c));
    c.skip_spaces();
  } while (c.eat(","));
  c.expect_end();
  return out;
}

}  // namespace rest
