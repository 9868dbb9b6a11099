#include <doctest/doctest.h>

#include "pg/pg.h"
#include "pg/statement_check.h"
#include "pg/types.h"

TEST_CASE("only a statement without a word that writes looks read-only") {
  using pg::detail::looks_read_only;
  CHECK(looks_read_only("select 1"));
  CHECK(looks_read_only("  -- note\n SELECT id from t where updated_at > $1"));
  CHECK(looks_read_only("/* x */ with a as (select 1) select * from a"));
  CHECK_FALSE(looks_read_only("with a as (insert into t values (1) returning id) select * from a"));
  CHECK_FALSE(looks_read_only("select * from t for UPDATE"));
  CHECK_FALSE(looks_read_only("select * from t for share"));
  CHECK_FALSE(looks_read_only("select 1 into t"));
  CHECK_FALSE(looks_read_only("select pg_notify('a', 'b')"));
  CHECK_FALSE(looks_read_only("insert into t values (1)"));
  CHECK_FALSE(looks_read_only(""));
  CHECK_FALSE(looks_read_only("/*"));
}

TEST_CASE("array literals are read as Postgres writes them, and nothing else is") {
  const auto read = [](std::string_view text) {
    std::vector<std::string> out;
    return pg::detail::array_elements(text, out) ? std::optional(out) : std::nullopt;
  };
  using List = std::vector<std::string>;
  CHECK(read("{}") == List{});
  CHECK(read("{a,b}") == List{"a", "b"});
  CHECK(read(R"({"a,b","c\"d","","NULL","e\\f"})") == List{"a,b", "c\"d", "", "NULL", "e\\f"});
  for (const char* bad : {"", "{", "a", "{a", "{a,}", "{,a}", "{NULL}", "{{a},{b}}", R"({"a})", R"({"a"b})", R"({"a\)"})
    CHECK_FALSE(read(bad).has_value());
}

TEST_CASE("an array literal round-trips") {
  const std::vector<std::string> odd{"", "NULL", "{}", "a\\", "\"", ",", "tab\t", "ü"};
  std::vector<std::string> back;
  REQUIRE(pg::detail::array_elements(pg::detail::array_text(odd), back));
  CHECK(back == odd);
}

TEST_CASE("a field takes the types of its kind and no other") {
  using pg::Kind;
  using pg::detail::column_fits;
  CHECK(column_fits(Kind::integer, 20));
  CHECK_FALSE(column_fits(Kind::integer, 25));
  CHECK_FALSE(column_fits(Kind::any_text, 2950));
  CHECK(column_fits(Kind::any_text, 20000));  // an enum
  CHECK(column_fits(Kind::any_text, 3802));
  CHECK_FALSE(column_fits(Kind::timestamp, 1114));
  CHECK(column_fits(Kind::uuid, 2950));
  CHECK_FALSE(column_fits(Kind::uuid, 25));
}

TEST_CASE("numbers out of range and broken values are refused") {
  std::int16_t small = 0;
  CHECK(pg::detail::from_text("-32768", small));
  CHECK_FALSE(pg::detail::from_text("32768", small));
  std::int64_t big = 0;
  CHECK_FALSE(pg::detail::from_text("", big));
  CHECK_FALSE(pg::detail::from_text("1x", big));
  bool flag = false;
  CHECK_FALSE(pg::detail::from_text("true", flag));
  core::Time time;
  CHECK(pg::detail::from_text("2026-01-02 03:04:05.6+00", time));
  CHECK_FALSE(pg::detail::from_text("infinity", time));
}

TEST_CASE("every configuration fault is reported, without the URL's text") {
  core::Env env({{"DATABASE_URL", "postgresql://u:hunter2@h/db?nonsense=1"}, {"PG_PIPELINES", "0"}});
  pg::Config::from(env);
  REQUIRE(env.faults().size() == 2);
  for (const std::string& fault : env.faults()) CHECK(fault.find("hunter2") == std::string::npos);
  core::Env good({{"DATABASE_URL", "host=/tmp dbname=x"}, {"PG_PREPARED", "off"}});
  const pg::Config config = pg::Config::from(good);
  CHECK(good.faults().empty());
  CHECK_FALSE(config.prepared);
  CHECK(config.direct_url.reveal() == "host=/tmp dbname=x");
}
