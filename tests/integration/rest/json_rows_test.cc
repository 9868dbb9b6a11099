#include <rapidcheck.h>

#include "support/golden.h"

using golden::compare;
using golden::Form;
using golden::Server;
using rest::json::Nulls;

namespace {

constexpr const char* kProperties = R"sql(
  drop schema if exists pgtest_rows cascade;
  create schema pgtest_rows;
  set search_path to pgtest_rows, public;
  create type pair as (a text, "b ""c""" text[]);
  create type nest as (p pair, ps pair[], t text);
)sql";

// Valid UTF-8, mostly characters with a meaning in some syntax.
rc::Gen<std::string> any_text() {
  const auto piece = rc::gen::weightedOneOf<std::string>(
      {{8, rc::gen::map(rc::gen::elementOf(std::string("\"\\{}(),; \t\n\r\b\fNULnul'ab[]=:/<>&\x01\x1f\x7f")),
                        [](char c) { return std::string(1, c); })},
       {1, rc::gen::element<std::string>("ü", "€", "😀", "NULL", "null", "\xC2\x80", "\xE2\x80\xA8")},
       {1, rc::gen::element<std::string>("a longer run of plain text", "{\"a\": 1}", "(1,\"x\")")}});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string out;
    for (const std::string& one : pieces) out += one;
    return out;
  });
}

std::vector<std::optional<std::string>> three_texts() {
  return {*any_text(), *rc::gen::arbitrary<bool>() ? std::optional<std::string>() : *any_text(), *any_text()};
}

}  // namespace

TEST_CASE("any text, alone or nested in arrays and composites, is written as to_json writes it") {
  Server server;
  server.run(kProperties);
  const auto types = golden::types();
  CHECK(rc::check("values", [&] {
    const auto texts = three_texts();
    compare(server, *types, "select v, to_json(v)::text from (values ($1::text), ($2::text), ($3::text)) x (v)", texts);
    compare(server, *types,
            "select v, to_json(v)::text from (values (array[$1, $2, $3]::text[]), ('{}'::text[]), "
            "(array[[$3, $1], [$1, $2]]::text[])) x (v)",
            texts);
    compare(server, *types,
            "select v, to_json(v)::text from (select row(row($1, array[$2, $3])::pair, array[row($3, array[$1])::pair, "
            "null, row($2, '{}')::pair], $2)::nest) x (v)",
            texts);
    compare(server, *types,
            "select v, to_json(v)::text from (select array[row(row($1, array[$2, $3])::pair, array[row($3, "
            "array[$1, $2])::pair], $2)::nest, null]) x (v)",
            texts);
    compare(server, *types,
            "select v, to_json(v)::text from (select jsonb_build_array($1::text, $2::text, $3::text)) x (v)", texts);
  }));
}

TEST_CASE("any row is written as row_to_json writes it, with and without nulls") {
  Server server;
  server.run(kProperties);
  const auto types = golden::types();
  const std::string row =
      "select x.*, %s::text from (select $1::text as \"na\"\"me, with {odd}\", $2::text as t, 1::int8 as \"1\", "
      "null::int as n, 'null'::jsonb as j, row($2, array[$1, $2])::pair as p, "
      "jsonb_build_object('k', $2::text, 'l', jsonb_build_array($2::text, jsonb_build_object('m', $2::text, 'o', "
      "$3::text))) "
      "as doc, json_build_object('z', null, 'y', json_build_object('x', null), 'w', $1::text, 'v', null) as raw) x";
  const auto with = [&](const std::string& call) { return std::string(row).replace(row.find("%s"), 2, call); };
  CHECK(rc::check("rows", [&] {
    const auto texts = three_texts();
    compare(server, *types, with("row_to_json(x)"), texts, Form::row);
    compare(server, *types, with("json_strip_nulls(row_to_json(x))"), texts, Form::row, Nulls::stripped);
  }));
}

TEST_CASE("a result becomes an array of objects, one object, an array of values, and CSV") {
  Server server;
  const pg::Rows rows = server.rows(
      "select * from (values (1::int8, 'a, \"b\"', null::text, E'back\\\\slash'), (2, '', 'two words', 'plain')) "
      "x (id, title, \"odd name\", c) order by 1");
  rest::json::RowWriter writer(golden::types(), rows);
  std::string out;
  writer.objects(rows, out);
  CHECK(out == R"([{"id":1,"title":"a, \"b\"","odd name":null,"c":"back\\slash"},)"
               R"({"id":2,"title":"","odd name":"two words","c":"plain"}])");
  out.clear();
  writer.object(rows, 1, out);
  CHECK(out == R"({"id":2,"title":"","odd name":"two words","c":"plain"})");
  out.clear();
  writer.values(rows, out);
  CHECK(out == "[1,2]");
  out.clear();
  rest::json::csv_names(rows, out);
  out += '\n';
  rest::json::csv_row(rows, 0, out);
  out += '\n';
  rest::json::csv_row(rows, 1, out);
  CHECK(out == "id,title,\"odd name\",c\n1,\"a, \"\"b\"\"\",,\"back\\slash\"\n2,\"\",\"two words\",plain");
}

TEST_CASE("a result without rows is an empty array, and a row without columns an empty object") {
  Server server;
  std::string out;
  const pg::Rows none = server.rows("select 1 as id where false");
  rest::json::RowWriter(golden::types(), none).objects(none, out);
  const pg::Rows bare = server.rows("select from generate_series(1, 2)");
  rest::json::RowWriter(golden::types(), bare).objects(bare, out);
  CHECK(out == "[][{},{}]");
}
