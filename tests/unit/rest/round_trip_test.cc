// Random trees, written and read again.
#include <rapidcheck.h>

#include <doctest/doctest.h>

#include "support/writer.h"

using namespace rest;

namespace {

rc::Gen<std::string> text() {  // printable ASCII with all that is reserved, and some of the rest of Unicode
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "Z", "0", "_", " ", ",", ".", "(", ")", "\"", "\\", ":", "-", ">", "*", "{", "}", "é", "'", "%")),
      [](const std::vector<std::string>& parts) {
        std::string out = "x";
        for (const std::string& part : parts) out += part;
        return out.substr(0, 60);
      });
}

Field any_field() {
  Field out{.name = *text()};
  const int steps = *rc::gen::inRange(0, 4);
  for (int i = 0; i < steps; ++i) {
    JsonOperation step{.as_text = *rc::gen::arbitrary<bool>()};
    step.is_index = *rc::gen::arbitrary<bool>();
    step.key = step.is_index ? std::to_string(*rc::gen::inRange(-99, 99)) : *text();
    out.path.push_back(step);
  }
  return out;
}

bool is_quantified(Operator op) {
  return op == Operator::eq || op == Operator::gt || op == Operator::gte || op == Operator::lt || op == Operator::lte ||
         op == Operator::like || op == Operator::ilike || op == Operator::match || op == Operator::imatch;
}

Operation any_operation() {
  Operation out{.negated = *rc::gen::arbitrary<bool>(), .op = static_cast<Operator>(*rc::gen::inRange(0, 25))};
  if (out.op == Operator::is) out.is = static_cast<Is>(*rc::gen::inRange(0, 5));
  else if (out.op == Operator::in) out.list = *rc::gen::container<std::vector<std::string>>(text());
  else out.value = *text();
  if (is_quantified(out.op)) out.quantifier = static_cast<Quantifier>(*rc::gen::inRange(0, 3));
  if (out.op >= Operator::fts && out.op <= Operator::wfts && *rc::gen::arbitrary<bool>()) out.config = "english";
  return out;
}

LogicTree any_logic(int depth) {
  LogicTree out;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    Condition& one = out.conditions.emplace_back();
    if (depth < kDepth && *rc::gen::inRange(0, 3) == 0) {
      one.logic = any_logic(depth + 1);
      one.logic.negated = *rc::gen::arbitrary<bool>();
      one.logic.joined = *rc::gen::arbitrary<bool>() ? LogicTree::Joined::any : LogicTree::Joined::all;
    } else {
      one.filter = Filter{any_field(), any_operation()};
    }
  }
  return out;
}

std::vector<SelectItem> any_items(int depth) {
  std::vector<SelectItem> out(*rc::gen::inRange<std::size_t>(1, 4));
  for (SelectItem& item : out) {
    if (depth < kDepth && *rc::gen::inRange(0, 3) == 0) {
      item.embed = std::make_unique<Embed>();
      item.embed->target = *text();
      item.embed->spread = *rc::gen::arbitrary<bool>();
      if (!item.embed->spread && *rc::gen::arbitrary<bool>()) item.embed->alias = *text();
      if (*rc::gen::arbitrary<bool>()) item.embed->hint = *text();
      if (*rc::gen::arbitrary<bool>()) item.embed->join = Embed::Join::inner;
      if (*rc::gen::arbitrary<bool>()) item.embed->resource.items = any_items(depth + 1);
      continue;
    }
    item.column.aggregate = static_cast<Aggregate>(*rc::gen::inRange(0, 6));
    const bool counts = item.column.aggregate == Aggregate::count && *rc::gen::arbitrary<bool>();
    if (!counts) item.column.field = any_field();
    if (!counts && *rc::gen::arbitrary<bool>()) item.column.cast = "text";
    if (item.column.aggregate != Aggregate::none && *rc::gen::arbitrary<bool>()) item.column.aggregate_cast = "int[]";
    if (*rc::gen::arbitrary<bool>()) item.column.alias = *text();
  }
  return out;
}

}  // namespace

TEST_CASE("a filter reads as it was written") {
  CHECK(rc::check("operation", [] {
    const Operation one = any_operation();
    // A list's quotes are escaped, so every text is an item; at the top a value reaches to the end.
    RC_ASSERT(parse_operation(writer::operation(one, false)) == one);
  }));
}

TEST_CASE("a logic tree reads as it was written") {
  CHECK(rc::check("logic", [] {
    const LogicTree one = any_logic(1);
    RC_ASSERT(parse_logic(writer::logic(one)) == one);
  }));
}

TEST_CASE("an order reads as it was written") {
  CHECK(rc::check("order", [] {
    std::vector<OrderTerm> terms(*rc::gen::inRange<std::size_t>(1, 5));
    for (OrderTerm& one : terms) {
      if (*rc::gen::arbitrary<bool>()) one.relation = *text();
      one.field = any_field();
      one.direction = static_cast<OrderTerm::Direction>(*rc::gen::inRange(0, 3));
      one.nulls = static_cast<OrderTerm::Nulls>(*rc::gen::inRange(0, 3));
    }
    RC_ASSERT(parse_order(writer::order(terms)) == terms);
  }));
}

TEST_CASE("a select reads as it was written") {
  CHECK(rc::check("select", [] {
    const std::vector<SelectItem> items = any_items(1);
    RC_ASSERT(writer::same(parse_select(writer::select(items)), items));
  }));
}
