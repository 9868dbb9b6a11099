// column=op.value, at the top and inside of and(…), or(…).
#include <fmt/format.h>
#include <array>

#include "core/text.h"
#include "rest/request/cursor.h"
#include "rest/request/query_params.h"

namespace rest {
namespace parser {
namespace {

struct Known {
  std::string_view name;
  Operator op;
  bool quantified = false;  // takes (any), (all)
  bool ranged = false;      // its value may be a range, with brackets such as [1,5)
};
constexpr std::array kOperators{
    Known{"eq", Operator::eq, true},
    Known{"neq", Operator::neq},
    Known{"gt", Operator::gt, true},
    Known{"gte", Operator::gte, true},
    Known{"lt", Operator::lt, true},
    Known{"lte", Operator::lte, true},
    Known{"like", Operator::like, true},
    Known{"ilike", Operator::ilike, true},
    Known{"match", Operator::match, true},
    Known{"imatch", Operator::imatch, true},
    Known{"in", Operator::in},
    Known{"is", Operator::is},
    Known{"isdistinct", Operator::isdistinct},
    Known{"fts", Operator::fts},
    Known{"plfts", Operator::plfts},
    Known{"phfts", Operator::phfts},
    Known{"wfts", Operator::wfts},
    Known{"cs", Operator::cs, false, true},
    Known{"cd", Operator::cd, false, true},
    Known{"ov", Operator::ov, false, true},
    Known{"sl", Operator::sl, false, true},
    Known{"sr", Operator::sr, false, true},
    Known{"nxl", Operator::nxl, false, true},
    Known{"nxr", Operator::nxr, false, true},
    Known{"adj", Operator::adj, false, true},
};

bool is_search(Operator op) {
  return op == Operator::fts || op == Operator::plfts || op == Operator::phfts || op == Operator::wfts;
}

const Known& read_operator(Cursor& c, bool after_not) {
  const std::string_view rest = c.rest();
  const std::string_view word =
      rest.substr(0, std::min(rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz"), rest.size()));
  for (const Known& known : kOperators)
    if (known.name == word) {
      c.expect(word);
      return known;
    }
  c.fail(after_not ? "operator (eq, gt, ...)" : "\"not\" or operator (eq, gt, ...)");
}

Is read_is(Cursor& c) {
  static constexpr std::array<std::pair<std::string_view, Is>, 5> kWords{{{"not_null", Is::not_null},
                                                                          {"null", Is::null},
                                                                          {"true", Is::is_true},
                                                                          {"false", Is::is_false},
                                                                          {"unknown", Is::unknown}}};
  for (const auto& [word, is] : kWords)
    if (core::iequals(c.rest().substr(0, word.size()), word)) {
      c.back_to(c.position() + word.size());
      return is;
    }
  c.fail("isVal: (null, not_null, true, false, unknown)");
}

// A quoted item of a list. Only a quote before `,` or the end closes it, since the official client does not escape the
// quotes inside of an item.
std::string read_quoted_item(Cursor& c, Where where) {
  std::string out;
  c.expect("\"");
  for (;;) {
    if (c.at_end()) c.fail("\"\\\"\"");
    char next = c.take();
    if (next == '"') {
      const bool ends = c.peek() == ')' && (where == Where::in_logic || c.rest().size() == 1);
      if (c.peek() == ',' || ends) return out;
    } else if (next == '\\') {
      if (c.at_end()) c.fail("\"\\\"\"");
      next = c.take();
    }
    out += next;
  }
}

// (a,b,"c,d")
std::vector<std::string> read_list(Cursor& c, Where where) {
  std::vector<std::string> list;
  c.expect("(");
  if (c.eat(")")) return list;
  do {
    if (list.size() == kListLength) c.fail("a shorter list");
    std::string item;
    if (c.peek() == '"') {
      item = read_quoted_item(c, where);
    } else {
      while (!c.at_end() && c.peek() != ',' && c.peek() != ')') item += c.take();
    }
    list.push_back(std::move(item));
  } while (c.eat(","));
  c.expect(")");
  return list;
}

// A value in a logic tree that begins with a bracket, up to its closing one. `[1,5)` counts as closed.
std::string read_bracketed(Cursor& c) {
  std::string out;
  int open = 0;
  do {
    if (c.at_end()) c.fail("a closing bracket");
    if (c.peek() == '"') {
      const std::size_t start = c.position();
      read_quoted(c);
      out += c.text().substr(start, c.position() - start);
      continue;
    }
    const char next = c.take();
    out += next;
    if (next == '{' || next == '[' || next == '(') ++open;
    if (next == '}' || next == ']' || next == ')') --open;
  } while (open > 0);
  return out;
}

std::string read_value(Cursor& c, Where where, bool ranged) {
  if (where == Where::top) {
    std::string all(c.rest());
    c.back_to(c.text().size());
    return all;
  }
  const std::size_t start = c.position();
  if (c.peek() == '"') {
    std::string value = read_quoted(c);
    if (c.peek() == ',' || c.peek() == ')') return value;
    c.back_to(start);
  } else if (c.peek() == '{' || c.peek() == '[' || (ranged && c.peek() == '(')) {
    return read_bracketed(c);
  }
  std::string value;
  while (!c.at_end() && c.peek() != ',' && c.peek() != ')') value += c.take();
  return value;
}

}  // namespace

Operation read_operation(Cursor& c, Where where) {
  Operation out;
  out.negated = c.eat("not.");
  const Known& known = read_operator(c, out.negated);
  out.op = known.op;
  if (known.quantified && c.eat("(")) {
    if (c.eat("any)")) out.quantifier = Quantifier::any;
    else if (c.eat("all)")) out.quantifier = Quantifier::all;
    else c.fail("\"any\" or \"all\"");
  } else if (is_search(known.op) && c.eat("(")) {
    while (c.peek() != ')' && !c.at_end()) out.config += c.take();
    c.expect(")");
    if (out.config.empty() || out.config.size() > 255) c.fail("a text search configuration");
  }
  c.expect(".");
  if (known.op == Operator::in) out.list = read_list(c, where);
  else if (known.op == Operator::is) out.is = read_is(c);
  else out.value = read_value(c, where, known.ranged);
  return out;
}

namespace {

struct Opening {
  bool negated;
  LogicTree::Joined joined;
};
// "and(", "not.or(", …: the start of a nested tree, not a column of that name.
std::optional<Opening> read_opening(Cursor& c) {
  const std::size_t start = c.position();
  const bool negated = c.eat("not.");
  for (const auto& [word, joined] :
       {std::pair("and", LogicTree::Joined::all), std::pair("or", LogicTree::Joined::any)}) {
    const std::size_t before = c.position();
    if (c.eat(word)) {
      c.skip_spaces();
      if (c.peek() == '(') return Opening{negated, joined};
    }
    c.back_to(before);
  }
  c.back_to(start);
  return std::nullopt;
}

}  // namespace

LogicTree read_conditions(Cursor& c, int depth) {
  if (depth > kDepth) c.fail("fewer levels of and, or");
  LogicTree out;
  c.expect("(");
  do {
    if (out.conditions.size() == kConditions) c.fail("fewer conditions");
    c.skip_spaces();
    Condition& condition = out.conditions.emplace_back();
    if (const auto opening = read_opening(c)) {
      condition.logic = read_conditions(c, depth + 1);
      condition.logic.negated = opening->negated;
      condition.logic.joined = opening->joined;
    } else {
      Filter& filter = condition.filter.emplace();
      filter.field = read_field(c);
      c.expect(".");
      filter.operation = read_operation(c, Where::in_logic);
    }
    c.skip_spaces();
  } while (c.eat(","));
  c.expect(")");
  return out;
}

}  // namespace parser

bool LogicTree::operator==(const LogicTree& other) const {
  return negated == other.negated && joined == other.joined && conditions == other.conditions;
}

Operation parse_operation(std::string_view text) {
  parser::Cursor c(text, "filter");
  Operation out = parser::read_operation(c, parser::Where::top);
  c.expect_end();
  return out;
}

LogicTree parse_logic(std::string_view text) {
  parser::Cursor c(text, "logic tree");
  LogicTree out = parser::read_conditions(c, 1);
  c.expect_end();
  return out;
}

FilterKey parse_filter_key(std::string_view text) {
  parser::Cursor c(text, "tree path");
  FilterKey key;
  for (;;) {
    std::string name = parser::read_name(c);
    if (c.eat(".")) {
      if (key.embeds.size() == kDepth) c.fail("fewer levels of embedding");
      key.embeds.push_back(std::move(name));
      continue;
    }
    key.field.name = std::move(name);
    key.field.path = parser::read_json_path(c);
    c.expect_end();
    return key;
  }
}

bool looks_like_operation(std::string_view text) {
  if (text.starts_with("not.")) text.remove_prefix(4);
  const std::string_view word = text.substr(0, std::min(text.find_first_of(".("), text.size()));
  if (word.size() == text.size()) return false;
  for (const parser::Known& known : parser::kOperators)
    if (known.name == word) return true;
  return false;
}

}  // namespace rest
