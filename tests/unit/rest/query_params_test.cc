#include <doctest/doctest.h>

#include "rest/error.h"
#include "rest/request/query_params.h"

using namespace rest;

namespace {

// The error that `fn` throws, or an empty one.
template <class Fn>
Error error_of(Fn fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error;
  }
  return {0, "", ""};
}

QueryParams query(std::vector<std::pair<std::string, std::string>> pairs) { return parse_query_params(pairs); }

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("a select has columns, aliases, casts and JSON paths") {
  const auto items = parse_select("*, id , title:name::text,meta->a->>-1,\"odd.name\",k:d->\"x y\"");
  REQUIRE(items.size() == 6);
  CHECK(items[0].column.field.name == "*");
  CHECK(items[1].column.field.name == "id");
  CHECK(items[2].column == SelectField{.alias = "title", .field = {.name = "name"}, .cast = "text"});
  CHECK(items[3].column.field.path ==
        std::vector<JsonOperation>{{.key = "a"}, {.key = "-1", .is_index = true, .as_text = true}});
  CHECK(items[4].column.field.name == "odd.name");
  CHECK(items[5].column.field.path.front().key == "x y");
}

TEST_CASE("a dash is part of a name, an arrow is not") {
  CHECK(parse_select("a-b")[0].column.field.name == "a-b");
  CHECK(parse_select("a->b-c")[0].column.field.path[0].key == "b-c");
  CHECK(parse_select("2nd$_ col")[0].column.field.name == "2nd$_ col");
  CHECK(parse_select("名前")[0].column.field.name == "名前");
}

TEST_CASE("an embed has alias, hint, join, spread and a select of its own") {
  const auto items = parse_select("id,boss:people!boss_fk!inner(name,...team!left(title)),tags()");
  REQUIRE(items.size() == 3);
  const Embed& boss = *items[1].embed;
  CHECK(boss.alias == "boss");
  CHECK(boss.target == "people");
  CHECK(boss.hint == "boss_fk");
  CHECK(boss.join == Embed::Join::inner);
  REQUIRE(boss.resource.items.size() == 2);
  CHECK(boss.resource.items[1].embed->spread);
  CHECK(items[2].embed->resource.items.empty());
}

TEST_CASE("an aggregate has casts of its input and of its output") {
  const auto items = parse_select("count(),n:price::int.sum()::text");
  CHECK(items[0].column.aggregate == Aggregate::count);
  CHECK(items[0].column.field.name.empty());
  CHECK(items[1].column == SelectField{.alias = "n",
                                       .field = {.name = "price"},
                                       .cast = "int",
                                       .aggregate = Aggregate::sum,
                                       .aggregate_cast = "text"});
}

TEST_CASE("a filter's value is everything after the operator") {
  CHECK(parse_operation("eq.a.b,c (d)").value == "a.b,c (d)");
  CHECK(parse_operation("eq.").value.empty());
  CHECK(parse_operation("not.gte.3").negated);
  CHECK(parse_operation("like(any).{a*,b}").quantifier == Quantifier::any);
  CHECK(parse_operation("wfts(english).a b").config == "english");
  CHECK(parse_operation("is.NOT_NULL").is == Is::not_null);
}

TEST_CASE("a list's items may be quoted, and only a quote before a comma or the end closes one") {
  CHECK(parse_operation(R"(in.(1,"a,b","c\"d\\e",x y))").list ==
        std::vector<std::string>{"1", "a,b", R"(c"d\e)", "x y"});
  CHECK(parse_operation(R"q(in.("say "hi" (you)",z))q").list == std::vector<std::string>{R"q(say "hi" (you))q", "z"});
  CHECK(parse_operation("in.()").list.empty());
  CHECK(error_of([] { parse_operation("in.(1,2"); }).code == "PGRST100");
  CHECK(error_of([] { parse_operation("in.1"); }).code == "PGRST100");
  CHECK(error_of([] { parse_operation("in.(1)x"); }).code == "PGRST100");
}

TEST_CASE("a parse error names the unexpected text and its column") {
  const Error error = error_of([] { parse_operation("xx.1"); });
  CHECK(error.status == 400);
  CHECK(error.code == "PGRST100");
  CHECK(error.message == R"q("failed to parse filter (xx.1)" (line 1, column 1))q");
  CHECK(error.details == R"q("unexpected \"x\" expecting \"not\" or operator (eq, gt, ...)")q");
  CHECK(error_of([] { parse_operation("is.maybe"); }).code == "PGRST100");
  CHECK(error_of([] { parse_operation("neq(any).{1}"); }).code == "PGRST100");
  CHECK(error_of([] { parse_select("id,"); }).details.starts_with(R"("unexpected end of input)"));
  CHECK(error_of([] { parse_select("a b)"); }).message.ends_with("(line 1, column 4)"));
  CHECK(error_of([] { parse_order("id.sideways"); }).code == "PGRST100");
}

TEST_CASE("a logic tree nests, negates and keeps bracketed values whole") {
  const LogicTree logic =
      parse_logic(R"q((a.eq.1, not.or(b.in.(1,2),c.cs.{"x,y"}),d.ov.[1,5),e.eq."q,)",f->>g.not.is.null))q");
  REQUIRE(logic.conditions.size() == 5);
  CHECK(logic.conditions[1].logic.negated);
  CHECK(logic.conditions[1].logic.joined == LogicTree::Joined::any);
  CHECK(logic.conditions[1].logic.conditions[1].filter->operation.value == R"({"x,y"})");
  CHECK(logic.conditions[2].filter->operation.value == "[1,5)");
  CHECK(logic.conditions[3].filter->operation.value == "q,)");
  CHECK(logic.conditions[4].filter->operation.negated);
  CHECK(error_of([] { parse_logic("(a.eq.1"); }).code == "PGRST100");
  CHECK(error_of([] { parse_logic("()"); }).code == "PGRST100");
}

TEST_CASE("depth and lengths are bounded") {
  const auto logic = [](int depth) { return repeated("(and", depth - 1) + "(a.eq.1" + repeated(")", depth); };
  CHECK(error_of([&] { parse_logic(logic(kDepth)); }).status == 0);
  CHECK(error_of([&] { parse_logic(logic(kDepth + 1)); }).code == "PGRST100");
  const auto embeds = [](int depth) { return repeated("a(", depth) + "id" + repeated(")", depth); };
  CHECK(error_of([&] { parse_select(embeds(kDepth)); }).status == 0);
  CHECK(error_of([&] { parse_select(embeds(kDepth + 1)); }).code == "PGRST100");
  CHECK(error_of([] { parse_select("a" + repeated(",a", 1000)); }).code == "PGRST100");
  CHECK(error_of([] { parse_operation("in.(1" + repeated(",1", 999) + ")"); }).status == 0);
  CHECK(error_of([] { parse_operation("in.(1" + repeated(",1", 1000) + ")"); }).code == "PGRST100");
  CHECK(error_of([] { parse_logic("(a.eq.1" + repeated(",a.eq.1", 300) + ")"); }).code == "PGRST100");
  CHECK(error_of([] { parse_select(repeated("a(),", 50) + "a()"); }).code == "PGRST100");
  CHECK(error_of([] { parse_select(std::string(256, 'a')); }).code == "PGRST100");
}

TEST_CASE("a parameter applies to the embed of its path") {
  const QueryParams q = query({{"select", "id,kids:children(*,toys(*))"},
                               {"kids.age", "gt.3"},
                               {"children.toys.order", "name.desc"},
                               {"kids.limit", "2"},
                               {"kids.not.or", "(a.eq.1,b.eq.2)"},
                               {"id", "eq.1"},
                               {"id", "lt.9"},
                               {"or", "(x.eq.1,y.eq.2)"},
                               {"apikey", "k"}});
  const Resource& kids = q.root.items[1].embed->resource;
  CHECK(q.root.conditions.size() == 3);
  CHECK(q.root.conditions[2].logic.joined == LogicTree::Joined::any);
  REQUIRE(kids.conditions.size() == 2);
  CHECK(kids.conditions[0].filter->field.name == "age");
  CHECK(kids.conditions[1].logic.negated);
  CHECK(kids.limit == 2);
  CHECK(kids.items[1].embed->resource.order[0].direction == OrderTerm::Direction::descending);
}

TEST_CASE("a resource that is not embedded cannot be filtered, and a page cannot be negative") {
  const Error error = error_of([] { query({{"toys.name", "eq.x"}}); });
  CHECK(error.code == "PGRST108");
  CHECK(error.message == "'toys' is not an embedded resource in this request");
  CHECK(error_of([] { query({{"limit", "-1"}}); }).status == 416);
  CHECK(error_of([] { query({{"limit", "ten"}}); }).code == "PGRST100");
  CHECK(error_of([] { query({{"offset", "99999999999999999999"}}); }).code == "PGRST100");
}

TEST_CASE("a filter begins with an operator, an argument does not") {
  CHECK(looks_like_operation("eq.1"));
  CHECK(looks_like_operation("not.in.(1)"));
  CHECK(looks_like_operation("fts(english).x"));
  CHECK_FALSE(looks_like_operation("eq"));
  CHECK_FALSE(looks_like_operation("1.5"));
  CHECK_FALSE(looks_like_operation("hello"));
}
