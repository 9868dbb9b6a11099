// Statements against a schema cache built by hand.
#include <doctest/doctest.h>

#include "rest/error.h"
#include "rest/plan/resolve_overload.h"
#include "rest/request/query_params.h"
#include "rest/schema_cache/relationships.h"
#include "rest/schema_cache/view_columns.h"
#include "rest/sql/guard.h"
#include "rest/sql/statement.h"

using namespace rest;

namespace {

TableColumn column(std::int64_t number, const char* name, const char* type = "text", std::uint32_t oid = 25) {
  return {.number = number, .name = name, .type = type, .type_oid = oid};
}

// directors 1-n films n-m actors by roles; films.sequel_of refers to films; film_list is a view over films.
struct World {
  World() {
    schema_cache.add(Table{
        .oid = 1, .schema = "public", .name = "directors", .columns = {column(1, "id", "int", 23), column(2, "name")}});
    schema_cache.add(
        Table{.oid = 2,
              .schema = "public",
              .name = "films",
              .columns = {column(1, "id", "int", 23), column(2, "title"), column(3, "director_id", "int", 23),
                          column(4, "meta", "jsonb", 3802), column(5, "sequel_of", "int", 23)}});
    schema_cache.add(Table{.oid = 3, .schema = "public", .name = "actors", .columns = {column(1, "id", "int", 23)}});
    schema_cache.add(Table{.oid = 4,
                           .schema = "public",
                           .name = "roles",
                           .columns = {column(1, "film_id", "int", 23), column(2, "actor_id", "int", 23)}});
    schema_cache.add(Table{.oid = 5,
                           .schema = "public",
                           .name = "film_list",
                           .is_view = true,
                           .columns = {column(1, "film", "int", 23), column(2, "by", "int", 23)}});
    Keys keys;
    keys.unique = {{1, true, {1}}, {2, true, {1}}, {3, true, {1}}, {4, true, {1, 2}}};
    keys.foreign = {{"films_director_fk", 2, 1, {3}, {1}},
                    {"films_sequel_fk", 2, 2, {5}, {1}},
                    {"roles_film_fk", 4, 2, {1}, {1}},
                    {"roles_actor_fk", 4, 3, {2}, {1}}};
    keys.traced = {{5, 1, 2, 1}, {5, 2, 2, 3}};
    add_relationships(schema_cache, keys);
  }
  std::string read(const char* table, std::vector<std::pair<std::string, std::string>> pairs) {
    query = parse_query_params(pairs);
    statement =
        read_statement({.root = resolve_embeds(schema_cache, *schema_cache.table("public", table), query.root)});
    return statement.sql.text();
  }
  SchemaCache schema_cache{std::make_shared<json::Types>()};
  QueryParams query;
  Statement statement;
};

template <class Fn>
std::string code_of(Fn fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error.code;
  }
  return "";
}

}  // namespace

TEST_CASE("names are quoted and values are bound") {
  World w;
  CHECK(
      w.read("films", {{"select", "id,t:title"}, {"title", "eq.x'\"$1"}, {"limit", "3"}, {"offset", "4"}}) ==
      R"(select "films"."id", "films"."title" as "t" from "public"."films" where ("films"."title" = $1) limit 3 offset $2)");
  CHECK(w.statement.sql.params()[0].text == "x'\"$1");
  CHECK(code_of([&] { w.read("films", {{"select", "\"a\"\"; drop table x --\""}}); }) == "PGRST100");
}

TEST_CASE("the upper bound of a count is a parameter, so that pages share one statement") {
  World w;
  w.read("films", {});
  const Node root = resolve_embeds(w.schema_cache, *w.schema_cache.table("public", "films"), w.query.root);
  const auto text = [&](std::int64_t to) {
    return read_statement({.root = root, .count = Preferences::Count::exact, .count_to = to}).sql.text();
  };
  CHECK(text(11) == text(100011));
  CHECK(text(11) != text(0));
}

TEST_CASE("a quote in a name or in a JSON key is doubled") {
  World w;
  CHECK(w.read("films", {{"select", R"("a\"b")"}}).starts_with(R"(select "films"."a""b" from)"));
  CHECK(w.read("films", {{"meta->>it's", "eq.1"}}).contains(R"("films"."meta"->>'it''s' = $1)"));
  CHECK(w.read("films", {{R"(meta->>"a\\b")", "eq.1"}}).contains(R"(->> E'a\\b')"));
}

TEST_CASE("a cast names a type and nothing else") {
  CHECK(SqlText().type("int").text() == "int");
  CHECK(SqlText().type("double precision").text() == "double precision");
  CHECK(SqlText().type("mood[]").text() == "\"mood\"[]");
  CHECK(SqlText().type("text) from x").text() == "\"text) from x\"");
}

TEST_CASE("an embed joins by its foreign key") {
  World w;
  CHECK(w.read("films", {{"select", "directors(name)"}}).contains(R"("directors_1"."id" = "films"."director_id")"));
  CHECK(w.read("films", {{"select", "directors(name)"}}).contains("row_to_json"));
  CHECK(w.read("directors", {{"select", "films(title)"}}).contains("json_agg"));
  CHECK(w.read("films", {{"select", "director_id(name)"}}).contains(R"("public"."directors")"));
  CHECK(w.read("films", {{"select", "actors(id)"}}).contains(R"("actors_1_j"."film_id" = "films"."id")"));
  CHECK(w.read("directors", {{"select", "film_list(film)"}}).contains(R"("film_list_1"."by" = "directors"."id")"));
}

TEST_CASE("for a self-reference the table's name means the referring rows") {
  World w;
  CHECK(w.read("films", {{"select", "films(id)"}}).contains(R"("films_1"."sequel_of" = "films"."id")"));
  CHECK(w.read("films", {{"select", "sequel_of(id)"}}).contains(R"("films_1"."id" = "films"."sequel_of")"));
}

TEST_CASE("no relationship, or several, is an error") {
  World w;
  CHECK(code_of([&] { w.read("directors", {{"select", "actors(id)"}}); }) == "PGRST200");
  w.schema_cache.add(Relationship{.kind = Relationship::Kind::many_to_one,
                                  .from = w.schema_cache.table("public", "films"),
                                  .to = w.schema_cache.table("public", "directors"),
                                  .constraint = "films_producer_fk",
                                  .from_columns = {"title"},
                                  .to_columns = {"id"},
                                  .key_is_here = true});
  CHECK(code_of([&] { w.read("films", {{"select", "directors(id)"}}); }) == "PGRST201");
  CHECK(w.read("films", {{"select", "directors!films_director_fk(id)"}}).contains(R"("films"."director_id")"));
}

TEST_CASE("an inner embed and an anti-join test for a row") {
  World w;
  CHECK(w.read("directors", {{"select", "id,films!inner(id)"}, {"films.title", "eq.x"}})
            .contains("where exists (select 1"));
  CHECK(w.read("directors", {{"select", "id,films()"}, {"films", "is.null"}}).contains("where not exists (select 1"));
  CHECK(code_of([&] { w.read("directors", {{"select", "id,films(id)"}, {"films", "eq.1"}}); }) == "PGRST120");
  CHECK(code_of([&] { w.read("directors", {{"select", "id,films(id)"}, {"order", "films(id)"}}); }) == "PGRST118");
}

TEST_CASE("a column that is not JSON is converted for a JSON path") {
  World w;
  CHECK(w.read("films", {{"select", "title->a"}}).contains(R"(to_jsonb("films"."title")->'a' as "a")"));
  CHECK(w.read("films", {{"select", "meta->a->0"}}).contains(R"(as "a")"));
}

TEST_CASE("no alias equals the name of the root") {
  World w;
  w.schema_cache.add(
      Table{.oid = 6, .schema = "public", .name = "directors_1", .columns = {column(1, "id", "int", 23)}});
  w.schema_cache.add(Relationship{.kind = Relationship::Kind::one_to_many,
                                  .from = w.schema_cache.table("public", "directors_1"),
                                  .to = w.schema_cache.table("public", "directors"),
                                  .constraint = "up",
                                  .from_columns = {"id"},
                                  .to_columns = {"id"}});
  CHECK(w.read("directors_1", {{"select", "directors(id)"}}).contains(R"("t_1"."id" = "directors_1"."id")"));
}

TEST_CASE("an embed's condition is part of the update and the delete") {
  World w;
  w.query = parse_query_params(
      std::vector<std::pair<std::string, std::string>>{{"select", "id,films()"}, {"films", "is.null"}});
  const Node root = resolve_embeds(w.schema_cache, *w.schema_cache.table("public", "directors"), w.query.root);
  const std::string removing = delete_statement({.root = root}).sql.text();
  CHECK(removing.starts_with(R"(delete from "public"."directors" where not exists (select 1 from "public"."films")"));
  const std::string updating = update_statement({.root = root, .body = "{}", .columns = {"name"}}).sql.text();
  CHECK(updating.contains(R"( where not exists (select 1 from "public"."films")"));
}

TEST_CASE("a view's columns are traced through its rule") {
  const char* tree =
      "({QUERY :commandType 1 :cteList <> :rtable ({RANGETBLENTRY :alias {ALIAS :aliasname old :colnames <>} :subquery "
      "{QUERY :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resorigtbl 99 :resorigcol 9 :resjunk false})}}) "
      ":targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1} :resno 1 :resname a\\ \\{b :resorigtbl 16385 "
      ":resorigcol 2 :resjunk false} {TARGETENTRY :expr {CONST} :resno 2 :resname c :resorigtbl 0 :resorigcol 0} "
      "{TARGETENTRY :expr {VAR} :resno 3 :resname d :resorigtbl 16390 :resorigcol 1}) :onConflict <>})";
  const auto traced = trace_view(7, tree);
  REQUIRE(traced.size() == 2);
  CHECK(traced[0].number == 1);
  CHECK(traced[0].base == 16385);
  CHECK(traced[0].base_number == 2);
  CHECK(traced[1].number == 3);
  CHECK(trace_view(7, "({QUERY :targetList ({TARGETENTRY").empty());
}

TEST_CASE("overloads are chosen by their arguments' names") {
  SchemaCache c(std::make_shared<json::Types>());
  const auto add = [&](std::vector<RoutineParam> params) {
    c.add(Routine{.schema = "public", .name = "f", .params = std::move(params)});
  };
  const RoutineParam a{.name = "a", .type = "integer"}, b{.name = "b", .type = "text", .required = false};
  add({a, b});
  add({{.name = "", .type = "json", .type_oid = 114}});
  CHECK(resolve_overload(c, "public", "f", {{.name = "a"}}, BodyType::json).params.size() == 2);
  CHECK(resolve_overload(c, "public", "f", {{.name = "z"}}, BodyType::json).takes_body());
  CHECK(code_of([&] { resolve_overload(c, "public", "f", {{.name = "z"}}, BodyType::none); }) == "PGRST202");
  add({a});
  CHECK(code_of([&] { resolve_overload(c, "public", "f", {{.name = "a"}}, BodyType::json); }) == "PGRST203");
}

TEST_CASE("a guard's number is read back, and no other error is taken for a guard") {
  const auto raised = [](const std::string& text) {
    return parse_guard_failure("22P02", "ungültige Eingabesyntax für Typ boolean: „" + text + "“");
  };
  REQUIRE(raised(guard_token() + " PGRST116 30"));
  CHECK(raised(guard_token() + " PGRST116 30")->number == 30);
  CHECK(raised(guard_token() + " PGRST124 2")->code == "PGRST124");
  CHECK_FALSE(raised(guard_token() + " PGRST999 2"));
  CHECK_FALSE(raised(guard_token()));
  CHECK_FALSE(raised("PGRST116 3"));
  CHECK_FALSE(parse_guard_failure("22P02", R"(invalid input syntax for type uuid: "x")"));
  CHECK_FALSE(parse_guard_failure("23505", guard_token() + " PGRST116 3"));
  CHECK(guard_failure("PGRST116", "count(*)") == "('" + guard_token() + " PGRST116 ' || count(*))::boolean");
  CHECK(guard_token().size() > 36);
}

TEST_CASE("a near name is found, a far one is not") {
  CHECK(nearest("filmz", {"films", "actors"}) == "films");
  CHECK(nearest("qqqqqqq", {"films", "actors"}).empty());
}
