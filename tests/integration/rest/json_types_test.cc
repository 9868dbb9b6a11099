#include <map>
#include <set>

#include "support/golden.h"

using golden::compare;
using golden::Form;
using golden::Server;

namespace {

// Literals of every type that has any. Some look like another syntax on purpose.
const std::map<std::string, std::vector<std::string>> kSamples{
    {"bool", {"t", "f"}},
    {"bytea", {"\\xdeadbeef", "\\x", "\\x00ff22"}},
    {"char", {"a", "\"", "\\", "", "{", ","}},
    {"name", {"projects", "odd \"name\"", ""}},
    {"int8", {"0", "-9223372036854775808", "9223372036854775807"}},
    {"int2", {"0", "-32768", "32767"}},
    {"int4", {"0", "-2147483648", "2147483647"}},
    {"int2vector", {"", "1", "1 2 -3"}},
    {"oidvector", {"", "23", "23 4294967295"}},
    {"text",
     {"", "NULL", "null", "a b", "{1,2}", "(1,2)", "\"quoted\"", "back\\slash", "tab\tline\nret\r\b\f", "ü€😀",
      "\x01\x1f\x7f", ",", ";", "'", "</script>", "long text that is past eight bytes \" and goes on"}},
    {"varchar", {"", "x", "a,b"}},
    {"bpchar", {"", "x", "a  "}},
    {"oid", {"0", "4294967295"}},
    {"tid", {"(0,1)", "(4294967295,65535)"}},
    {"xid", {"0", "4294967295"}},
    {"xid8", {"0", "18446744073709551615"}},
    {"cid", {"0", "7"}},
    {"json", {"null", "{\"a\" : [1,  2], \"a\":null}", "\"x\"", "1.50", "[]", "true"}},
    {"jsonb", {"null", "{\"b\": 1, \"a\": [1, {\"c\": \"\\u0001\\\"\"}]}", "\"x\"", "1.50", "[]", "{}"}},
    {"jsonpath", {"$", "$.a[*] ? (@ > 1)", "$.\"odd \\\" name\""}},
    {"xml", {"<a b=\"c\">d</a>", ""}},
    {"point", {"(1,2)", "(-1.5e+300,NaN)"}},
    {"lseg", {"[(1,2),(3,4)]"}},
    {"path", {"((0,0),(1,1),(2,0))", "[(0,0),(1,1)]"}},
    {"box", {"(1,1),(0,0)", "(3,3),(-2,2)"}},
    {"polygon", {"((0,0),(1,1),(2,0))"}},
    {"line", {"{1,-1,0}"}},
    {"circle", {"<(1,2),3>"}},
    {"float4", {"0", "-0", "1.5", "1e30", "1e-30", "NaN", "Infinity", "-Infinity", "3.4028235e38"}},
    {"float8", {"0", "-0", "0.1", "1e300", "1e-300", "NaN", "Infinity", "-Infinity", "123456789.123456789"}},
    {"numeric", {"0", "-0.00", "1.50", "NaN", "Infinity", "-Infinity", "12345678901234567890.0987654321", "1e-20"}},
    {"money", {"0", "-1234.56", "92233720368547758.07"}},
    {"macaddr", {"08:00:2b:01:02:03"}},
    {"macaddr8", {"08:00:2b:01:02:03:04:05"}},
    {"inet", {"192.168.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"}},
    {"cidr", {"10.0.0.0/8", "2001:db8::/32"}},
    {"aclitem", {"postgres=arwdDxt/postgres", "=r/postgres"}},
    {"date", {"2026-01-02", "infinity", "-infinity", "0044-03-15 BC", "294275-01-01", "4713-01-01 BC"}},
    {"time", {"00:00:00", "23:59:59.999999", "24:00:00"}},
    {"timetz", {"00:00:00+00", "23:59:59.5-05:30", "12:00:00+15:59:59"}},
    {"timestamp",
     {"2026-01-02 03:04:05", "2026-01-02 03:04:05.678901", "infinity", "-infinity", "0044-03-15 12:00:00 BC",
      "294276-12-31 23:59:59.999999"}},
    {"timestamptz",
     {"2026-01-02 03:04:05+00", "2026-07-02 03:04:05.678901+00", "infinity", "-infinity",
      "0044-03-15 12:00:00.25+00 BC", "1890-06-01 00:00:00+00", "294275-12-31 23:59:59.999999+00"}},
    {"interval", {"0", "1 year 2 mons -3 days 04:05:06.789", "-1 day", "178000000 years", "00:00:00.000001"}},
    {"bit", {"0", "1"}},
    {"varbit", {"", "10110"}},
    {"refcursor", {"portal", "<unnamed portal 1>"}},
    {"regproc", {"now", "pg_sleep"}},
    {"regprocedure", {"abs(bigint)", "now()"}},
    {"regoper", {"||/"}},
    {"regoperator", {"+(bigint,bigint)"}},
    {"regclass", {"pg_class", "pg_catalog.pg_type"}},
    {"regcollation", {"\"C\"", "\"POSIX\""}},
    {"regtype", {"timestamp with time zone", "integer[]", "\"char\""}},
    {"regrole", {"postgres", "service_role"}},
    {"regnamespace", {"public", "pg_catalog"}},
    {"regconfig", {"english"}},
    {"regdictionary", {"simple"}},
    {"uuid", {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}},
    {"pg_lsn", {"0/0", "16/B374D848"}},
    {"tsvector", {"", "'a':1A 'b''c':2,3 'd\\\\e'", "fat cat"}},
    {"tsquery", {"", "'fat' & ( 'rat' | !'cat':AB )", "'it''s' <-> 'x'"}},
    {"txid_snapshot", {"10:20:10,14,15"}},
    {"pg_snapshot", {"10:20:10,14,15"}},
    {"int4range", {"empty", "[1,5)", "(,)", "[3,)"}},
    {"int8range", {"empty", "[1,5)", "(,9223372036854775807)"}},
    {"numrange", {"empty", "[1.5,2.50]", "(,)"}},
    {"tsrange", {"empty", "[\"2026-01-02 03:04:05\",infinity)"}},
    {"tstzrange", {"empty", "[\"2026-01-02 03:04:05+00\",)"}},
    {"daterange", {"empty", "[2026-01-02,2026-02-03)"}},
    {"int4multirange", {"{}", "{[1,5),[7,9)}"}},
    {"int8multirange", {"{}", "{[1,5),[7,9)}"}},
    {"nummultirange", {"{}", "{[1.5,2.50],(3,)}"}},
    {"tsmultirange", {"{}", "{[\"2026-01-02 03:04:05\",infinity)}"}},
    {"tstzmultirange", {"{}", "{[\"2026-01-02 03:04:05+00\",)}"}},
    {"datemultirange", {"{}", "{[2026-01-02,2026-02-03)}"}},
    {"cardinal_number", {"0", "2147483647"}},
    {"character_data", {"", "x \"y\""}},
    {"sql_identifier", {"t"}},
    {"time_stamp", {"2026-01-02 03:04:05.12+00"}},
    {"yes_or_no", {"YES", "NO"}}};

// Types whose values only expressions yield.
const std::map<std::string, std::string> kQueries{
    {"pg_node_tree", "select ev_action from pg_rewrite order by oid limit 3"},
    {"pg_ndistinct", "select stxdndistinct from pg_statistic_ext_data"},
    {"pg_dependencies", "select stxddependencies from pg_statistic_ext_data"},
    {"pg_mcv_list", "select stxdmcv from pg_statistic_ext_data"}};

// Types without selectable values.
const std::map<std::string, std::string> kWithoutValue{
    {"gtsvector", "lives inside GiST indexes; its input function refuses"},
    {"pg_brin_bloom_summary", "lives inside BRIN indexes; its input function refuses"},
    {"pg_brin_minmax_multi_summary", "lives inside BRIN indexes; its input function refuses"}};

std::string quote(const std::string& text) {
  std::string out = "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + "'";
}

// Selects each expression with its to_json.
std::string beside(const std::vector<std::string>& expressions) {
  std::string sql = "select v, to_json(v)::text from (values ";
  for (const std::string& expression : expressions) sql += (sql.ends_with("values ") ? "(" : ",(") + expression + ")";
  return sql + ") x (v)";
}

std::vector<std::string> typed_samples(const std::string& name, const std::string& type) {
  std::vector<std::string> out{"null::" + type};
  for (const std::string& sample : kSamples.at(name)) out.push_back(quote(sample) + "::" + type);
  return out;
}

// With nulls, without elements, of two dimensions, and with lower bounds of its own.
std::vector<std::string> arrays_of(const std::vector<std::string>& elements, const std::string& array_type) {
  const std::string& first = elements.at(1);
  const std::string& last = elements.back();
  std::string all;
  for (const std::string& element : elements) all += (all.empty() ? "" : ",") + element;
  const std::string cast = "::" + array_type;
  return {"null" + cast,
          "'{}'" + cast,
          "array[" + all + "]" + cast,
          "array[[" + first + "," + last + "],[" + last + ",null]]" + cast,
          "array[[[" + first + "]],[[" + last + "]]]" + cast,
          "('[3:4]=' || array[" + last + "," + first + "]" + cast + "::text)" + cast,
          "('[-1:0][2:2]=' || array[[" + last + "],[" + first + "]]" + cast + "::text)" + cast};
}

constexpr const char* kZones[] = {"UTC", "Asia/Kolkata", "America/New_York", "Africa/Monrovia", "Pacific/Chatham"};

}  // namespace

TEST_CASE("every built-in type's values are written as to_json writes them") {
  Server server;
  server.run(
      "drop table if exists pgtest_mcv; create table pgtest_mcv as select n % 7 as a, n % 7 as b from "
      "generate_series(1, 500) n; create statistics pgtest_all on a, b from pgtest_mcv; analyze pgtest_mcv");
  const auto types = golden::types();
  const pg::Rows builtin = server.rows(
      "select typname, format('%I.%I', typnamespace::regnamespace, typname) from pg_type "
      "where typtype in ('b', 'd', 'r', 'm', 'e') and typcategory <> 'A' and oid < 16384 "
      "union select typname, format('pg_catalog.%I', typname) from pg_type where typname in ('int2vector', "
      "'oidvector')");
  int seen = 0;
  for (int i = 0; i < builtin.size(); ++i) {
    const std::string name(builtin.cell(i, 0).value());
    const std::string type(builtin.cell(i, 1).value());
    CAPTURE(name);
    if (kWithoutValue.contains(name)) continue;
    if (const auto query = kQueries.find(name); query != kQueries.end()) {
      CHECK(compare(server, *types, "select v, to_json(v)::text from (" + query->second + ") x (v)") > 0);
      ++seen;
      continue;
    }
    REQUIRE_MESSAGE(kSamples.contains(name), "a built-in type without a sample: " << name);
    for (const char* zone : kZones) {
      server.run(std::string("set timezone to '") + zone + "'");
      compare(server, *types, beside(typed_samples(name, type)));
    }
    server.run("reset timezone");
    ++seen;
  }
  CHECK(seen == builtin.size() - static_cast<int>(kWithoutValue.size()));
  server.run("drop table pgtest_mcv");
}

TEST_CASE("every built-in type's arrays are written as to_json writes them") {
  Server server;
  const auto types = golden::types();
  const pg::Rows builtin = server.rows(
      "select e.typname, format('%I.%I', e.typnamespace::regnamespace, e.typname), "
      "format('%I.%I', a.typnamespace::regnamespace, a.typname) from pg_type a join pg_type e on e.oid = a.typelem "
      "where e.typarray = a.oid and a.oid < 16384 and e.typtype in ('b', 'd', 'r', 'm', 'e')");
  int seen = 0;
  for (int i = 0; i < builtin.size(); ++i) {
    const std::string name(builtin.cell(i, 0).value());
    CAPTURE(name);
    if (kWithoutValue.contains(name)) continue;
    REQUIRE_MESSAGE(kSamples.contains(name), "a built-in type without a sample: " << name);
    const auto elements = typed_samples(name, std::string(builtin.cell(i, 1).value()));
    compare(server, *types, beside(arrays_of(elements, std::string(builtin.cell(i, 2).value()))));
    ++seen;
  }
  CHECK(seen > 70);
}

TEST_CASE("rows of every catalogue table are written as to_json writes them, apart from those with anyarray") {
  Server server;
  const auto types = golden::types();
  const pg::Rows tables = server.rows(
      "select format('%I.%I', n.nspname, c.relname), t.oid, exists (select from pg_attribute a where a.attrelid = "
      "c.oid "
      "and a.attnum > 0 and a.atttypid in (2277, 2287, 'pg_statistic[]'::regtype)) from pg_class c join pg_namespace n "
      "on n.oid = c.relnamespace "
      "join pg_type t on t.typrelid = c.oid where n.nspname in ('pg_catalog', 'information_schema') "
      "and c.relkind in ('r', 'v') and c.oid < 16384 order by 1");
  REQUIRE(tables.size() > 180);
  int values = 0;
  int opaque = 0;
  for (int i = 0; i < tables.size(); ++i) {
    const std::string table(tables.cell(i, 0).value());
    CAPTURE(table);
    const auto oid = static_cast<std::uint32_t>(std::stoul(std::string(tables.cell(i, 1).value())));
    if (tables.cell(i, 2) == "t") {
      CHECK(types->needs_to_json(oid));
      ++opaque;
      continue;
    }
    CHECK_FALSE(types->needs_to_json(oid));
    values += compare(server, *types, "select x, to_json(x)::text from " + table + " x limit 5");
    values += compare(
        server, *types,
        "select x, to_json(x)::text from (select array_agg(x) from (select x from " + table + " x limit 3) y) z (x)");
  }
  CHECK(opaque >= 2);
  CHECK(values > 500);
}

namespace {

constexpr const char* kOwnTypes = R"sql(
  drop schema if exists pgtest_types cascade;
  create schema pgtest_types;
  create extension if not exists hstore schema pgtest_types;
  create extension if not exists citext schema pgtest_types;
  set search_path to pgtest_types, public;
  create type mood as enum ('glad', 'so so', '"odd"', 'NULL', '{', '');
  create domain moods as mood[] check (array_length(value, 1) < 9);
  create domain even as int check (value % 2 = 0);
  create domain evens as even[];
  create domain stamp as timestamptz;
  create domain doc as jsonb;
  create type pair as (a int, "b c" text);
  create domain good_pair as pair check ((value).a > 0);
  create type deep as ("name "" with, (odd) \ chars {}" text, pairs pair[], p pair, tags text[], at timestamptz, j jsonb,
                       "select" good_pair, m moods, b box[], gone int, r int4range, nothing pair[]);
  alter type deep drop attribute gone;
  create type deeper as (d deep, ds deep[]);
  create type empty as ();
  create type span as range (subtype = text);
  create type keyed as (h hstore);
)sql";

}  // namespace

TEST_CASE("enums, domains, composites and their nests are written as to_json writes them") {
  Server server;
  server.run(kOwnTypes);
  const auto types = golden::types();
  const std::string pair_value = "row(1, E'it''s (a) \"b\", c\\\\d {e}\\n')::pair";
  const std::string deep_value =
      "row(E'a\"b\\\\c', array[" + pair_value + ", null, row(null, '')::pair], row(2, 'NULL')::pair, " +
      "array['', 'NULL', null, 'a,b', '\"', E'\\\\'], '2026-01-02 03:04:05+00', '{\"k\": \"v\\\"\"}', " +
      "row(3, '(')::good_pair, array['so so', 'NULL', '\"odd\"', '{', '']::moods, array['(1,1),(0,0)'::box, "
      "'(3,3),(2,2)'], " +
      "'[1,5)', '{}')::deep";
  const std::vector<std::string> values{"'glad'::mood",
                                        "'so so'::mood",
                                        "'\"odd\"'::mood",
                                        "''::mood",
                                        "array['so so', 'NULL', null, '']::mood[]",
                                        "array['glad', '{']::moods",
                                        "4::even",
                                        "array[2, null, 4]::even[]",
                                        "array[array[2, 4]::evens, array[6]::evens]",
                                        "'2026-01-02 03:04:05.6+00'::stamp",
                                        "array['infinity', '2026-01-02 03:04:05+00']::stamp[]",
                                        "'{\"a\": null}'::doc",
                                        pair_value,
                                        "row(null, null)::pair",
                                        "row(null, '')::pair",
                                        "array[" + pair_value + "]",
                                        "row(1, 'x')::good_pair",
                                        "array[row(1, 'x y')::good_pair]",
                                        "row()::empty",
                                        deep_value,
                                        "array[" + deep_value + ", null]",
                                        "row(" + deep_value + ", array[" + deep_value + "])::deeper",
                                        "array[row(" + deep_value + ", array[" + deep_value + "])::deeper]",
                                        "'[a,\"b c\"]'::span",
                                        "'A \"b\"'::citext",
                                        "array['x', 'y z']::citext[]",
                                        "array['(1,1),(0,0)'::box, null]"};
  for (const std::string& value : values)
    CHECK(compare(server, *types, "select v, to_json(v)::text from (select " + value + ") x (v)") == 1);
  CHECK(types->needs_to_json(2249));
  const auto oid = [&](const char* name) {
    return static_cast<std::uint32_t>(std::stoul(server.text(std::string("select '") + name + "'::regtype::oid")));
  };
  for (const char* name : {"hstore", "hstore[]", "keyed", "keyed[]"}) CHECK(types->needs_to_json(oid(name)));
  for (const char* name : {"deeper[]", "good_pair", "citext", "span"}) CHECK_FALSE(types->needs_to_json(oid(name)));
}

TEST_CASE("a type that changed after the schema cache was read is written as text, and the row stays valid JSON") {
  Server server;
  server.run(kOwnTypes);
  const auto types = golden::types();
  server.run("alter type pair add attribute c int cascade");
  const pg::Rows rows = server.rows("select row(1, 'x', 2)::pair as p, array[row(1, 'x', 2)::pair] as ps");
  rest::json::RowWriter writer(types, rows);
  std::string out;
  writer.objects(rows, out);
  CHECK(out == R"json([{"p":"(1,x,2)","ps":["(1,x,2)"]}])json");
}
