// Counts, statuses and headers of responses, and the rollback of rejected writes.
#include <set>

#include "integration/rest/support/rest_app.h"

using namespace support;
using http::Method;
using namespace std::chrono_literals;

namespace {

constexpr const char* kTables = R"sql(
  drop table if exists ans_films, ans_directors, ans_log, ans_many, ans_item, ans_item_1, ans_keyed cascade;
  drop function if exists ans_two(), ans_numbers(int), ans_make(int), ans_none() cascade;
  create table ans_directors (id int primary key, name text, x int);
  create table ans_films (id int primary key, title text, director_id int references ans_directors (id));
  create table ans_log (id int generated always as identity primary key, what text);
  create table ans_many (id int primary key) with (autovacuum_enabled = off);
  create table ans_item_1 (id int primary key, name text);
  create table ans_item (id int primary key, up int references ans_item_1 (id));
  create table ans_keyed (a int, b int, v text default 'none', primary key (a, b));
  insert into ans_directors values (1, 'Ada', 7), (2, 'Bo', 8);
  insert into ans_films values (1, 'one', 1), (2, 'two', 2), (3, 'three', null), (4, 'four', null);
  insert into ans_many values (1);
  analyze ans_many;
  insert into ans_many select generate_series(2, 30);
  insert into ans_item_1 values (1, 'first'), (2, 'second');
  insert into ans_item values (10, 1), (11, 2);
  create function ans_two() returns setof ans_log language sql volatile as
    $$ insert into ans_log (what) values ('a'), ('b') returning * $$;
  create function ans_make(upto int) returns setof int language sql volatile as
    $$ insert into ans_log (what) select 'made' from generate_series(1, upto) returning 5 $$;
  create function ans_none() returns int language sql volatile as $$ insert into ans_log (what) values ('x') returning 1 $$;
  create function ans_numbers(upto int) returns setof int language sql immutable as 'select generate_series(1, upto)';
  grant all on ans_films, ans_directors, ans_log, ans_many, ans_item, ans_item_1, ans_keyed to service_role;
)sql";

Pairs object() { return {{"Accept", "application/vnd.pgrst.object+json"}}; }

struct Answers {
  explicit Answers(rest::Config config = {}) : w(std::move(config)) {
    w.script(kTables);
    w.script("notify pgrst, 'reload schema'");
    w.until("the schema cache is reloaded",
            [&] { return get("ans_keyed").status == 200 && get("rpc/ans_numbers", {{"upto", "1"}}).status == 200; });
  }
  Answer send(Method method, std::string path, Pairs query, std::string body, Pairs headers) {
    return w.call(RestCall{.method = method,
                           .path = std::move(path),
                           .query = std::move(query),
                           .caller = key("service_role"),
                           .body = std::move(body),
                           .headers = std::move(headers)});
  }
  Answer get(std::string path, Pairs query = {}, Pairs headers = {}) {
    return send(Method::get, std::move(path), std::move(query), "", std::move(headers));
  }
  Answer head(std::string path, Pairs query = {}, Pairs headers = {}) {
    return send(Method::head, std::move(path), std::move(query), "", std::move(headers));
  }
  std::string count(const std::string& table) { return w.scalar("select count(*) from " + table); }
  std::string ids(const std::string& table) {
    return w.scalar("select coalesce(string_agg(id::text, ',' order by id), '') from " + table);
  }
  RestApp w;
};

rest::Config few_rows() {
  rest::Config config;
  config.max_rows = 5;
  return config;
}
rest::Config may_roll_back() {
  rest::Config config;
  config.may_roll_back = true;
  return config;
}

}  // namespace

TEST_CASE("conditions on an embed choose the rows of a delete and of an update") {
  Answers a;
  const Pairs orphans{{"select", "id,ans_directors()"}, {"ans_directors", "is.null"}};
  CHECK(a.send(Method::patch, "ans_films", orphans, R"({"title":"orphan"})", {}).status == 204);
  CHECK(a.w.scalar("select string_agg(id::text, ',' order by id) from ans_films where title = 'orphan'") == "3,4");
  const Answer shown =
      a.send(Method::patch, "ans_films", {{"select", "id,ans_directors!inner(name)"}, {"ans_directors.name", "eq.Bo"}},
             R"({"title":"by Bo"})", {{"Prefer", "return=representation"}});
  CHECK(shown.body == R"([{"id":2,"ans_directors":{"name":"Bo"}}])");
  CHECK(a.w.scalar("select string_agg(id::text, ',' order by id) from ans_films where title = 'by Bo'") == "2");
  // The changed rows are returned even if they no longer match.
  const Answer moved =
      a.send(Method::patch, "ans_films", {{"select", "id,ans_directors()"}, {"ans_directors", "not.is.null"}},
             R"({"director_id":null})", {{"Prefer", "return=representation"}});
  CHECK(moved.body == R"([{"id":1},{"id":2}])");
  a.w.script("update ans_films set director_id = 1 where id = 1");
  CHECK(a.send(Method::del, "ans_films", orphans, "", {}).status == 204);
  CHECK(a.ids("ans_films") == "1");
  const Answer kept = a.send(Method::del, "ans_films", orphans, "", {{"Prefer", "return=representation"}});
  CHECK(kept.body == "[]");
  CHECK(a.ids("ans_films") == "1");
  CHECK(a.send(Method::del, "ans_films", {{"ans_directors", "is.null"}}, "", {}).code() == "42703");
  CHECK(a.ids("ans_films") == "1");
}

TEST_CASE("a function's writes are rolled back unless it returns one row") {
  Answers a;
  for (const Pairs& more : std::vector<Pairs>{{}, {{"Prefer", "count=exact"}}, {{"Prefer", "return=minimal"}}}) {
    Pairs headers = object();
    headers.insert(headers.end(), more.begin(), more.end());
    const Answer answer = a.send(Method::post, "rpc/ans_two", {}, "{}", headers);
    CHECK(answer.status == 406);
    CHECK(answer.code() == "PGRST116");
    CHECK(answer.json()["details"].string() == "The result contains 2 rows");
    CHECK(a.count("ans_log") == "0");
  }
  const Answer none = a.send(Method::post, "rpc/ans_two", {{"what", "eq.z"}}, "{}", object());
  CHECK(none.json()["details"].string() == "The result contains 0 rows");
  CHECK(a.send(Method::post, "rpc/ans_make", {}, R"({"upto":3})", object()).code() == "PGRST116");
  CHECK(a.count("ans_log") == "0");
  Pairs counted = object();
  counted.emplace_back("Prefer", "count=exact");
  const Answer one = a.send(Method::post, "rpc/ans_two", {{"select", "what"}, {"what", "eq.a"}}, "{}", counted);
  CHECK(one.status == 200);
  CHECK(one.body == R"({"what":"a"})");
  CHECK(one.headers.get("content-range") == "0-0/1");
  CHECK(a.count("ans_log") == "2");
  CHECK(a.send(Method::post, "rpc/ans_make", {}, R"({"upto":1})", object()).body == "5");
  CHECK(a.count("ans_log") == "3");
}

TEST_CASE("a write for a single object is rolled back unless it changed one row, whatever it returns") {
  Answers a;
  for (const std::string returns : {"minimal", "headers-only", "representation"}) {
    CAPTURE(returns);
    Pairs headers = object();
    headers.emplace_back("Prefer", "return=" + returns);
    const auto refused = [&](Method method, const std::string& path, const Pairs& query, const std::string& body) {
      const Answer answer = a.send(method, path, query, body, headers);
      CHECK(answer.status == 406);
      CHECK(answer.code() == "PGRST116");
    };
    refused(Method::patch, "ans_films", {{"id", "gt.2"}}, R"({"title":"changed"})");
    refused(Method::patch, "ans_films", {{"id", "eq.99"}}, R"({"title":"changed"})");
    refused(Method::patch, "ans_films", {{"id", "eq.1"}}, "{}");
    refused(Method::del, "ans_films", {{"id", "gt.2"}}, "");
    refused(Method::post, "ans_films", {}, R"([{"id":20},{"id":21}])");
    refused(Method::post, "ans_films", {}, "[]");
    CHECK(a.ids("ans_films") == "1,2,3,4");
    CHECK(a.w.scalar("select count(*) from ans_films where title = 'changed'") == "0");
    CHECK(a.send(Method::patch, "ans_films", {{"id", "eq.1"}}, R"({"title":"once"})", headers).status ==
          (returns == "representation" ? 200 : 204));
  }
}

TEST_CASE("tx=rollback is reported as applied only when it was") {
  const auto applied = [](const Answer& answer) { return std::string(answer.headers.get("preference-applied")); };
  const Pairs headers{{"Prefer", "tx=rollback,return=minimal"}};
  const auto writes = [&](Answers& a) {
    std::set<std::string> said;
    said.insert(applied(a.send(Method::post, "ans_films", {}, R"({"id":30})", headers)));
    said.insert(applied(a.send(Method::patch, "ans_films", {{"id", "eq.1"}}, R"({"title":"t"})", headers)));
    said.insert(applied(a.send(Method::del, "ans_films", {{"id", "eq.1"}}, "", headers)));
    said.insert(applied(a.send(Method::post, "rpc/ans_none", {}, "{}", headers)));
    return said;
  };
  {
    Answers a;
    CHECK(writes(a) == std::set<std::string>{"return=minimal"});
    CHECK(a.ids("ans_films") == "2,3,4,30");
    CHECK(a.count("ans_log") == "1");
  }
  Answers a(may_roll_back());
  CHECK(writes(a) == std::set<std::string>{"return=minimal, tx=rollback"});
  CHECK(a.ids("ans_films") == "1,2,3,4");
  CHECK(a.count("ans_log") == "0");
  // A read stays a read.
  const Answer read = a.get("rpc/ans_none", {}, {{"Prefer", "tx=rollback"}});
  CHECK(read.status == 405);
  CHECK(read.code() == "25006");
}

TEST_CASE("a resolution is reported as applied only when there is a key") {
  Answers a;
  a.w.script(
      "drop table if exists ans_loose; create table ans_loose (v text); grant all on ans_loose to service_role; "
      "notify pgrst, 'reload schema'");
  a.w.until("the schema cache is reloaded", [&] { return a.get("ans_loose").status == 200; });
  const Pairs merge{{"Prefer", "resolution=merge-duplicates"}};
  CHECK(a.send(Method::post, "ans_loose", {}, R"({"v":"x"})", merge).headers.get("preference-applied").empty());
  CHECK(a.send(Method::post, "ans_films", {}, R"({"id":1,"title":"x"})", merge).headers.get("preference-applied") ==
        "resolution=merge-duplicates");
  a.w.script("drop table ans_loose; notify pgrst, 'reload schema'");
}

TEST_CASE("an estimated count rejects no existing page") {
  Answers a(few_rows());
  const auto page = [&](const std::string& count, const std::string& offset) {
    const Answer answer =
        a.get("ans_many", {{"order", "id"}, {"limit", "5"}, {"offset", offset}}, {{"Prefer", "count=" + count}});
    return std::to_string(answer.status) + " " + std::string(answer.headers.get("content-range"));
  };
  // The planner's estimate is below the end of the page.
  REQUIRE(page("planned", "0") != "206 0-4/30");
  CHECK(page("planned", "20") == "206 20-24/25");
  CHECK(page("estimated", "20") == "206 20-24/25");
  CHECK(page("planned", "100").starts_with("206 */"));
  CHECK(page("exact", "20") == "206 20-24/30");
  CHECK(page("exact", "100").starts_with("416 "));
}

TEST_CASE("a page requested by Range is 206 when there are more rows, counted or not") {
  Answers a;
  const auto range = [&](const std::string& text, std::string path = "ans_many", Pairs query = {}) {
    const Answer answer = a.get(std::move(path), std::move(query), {{"Range-Unit", "items"}, {"Range", text}});
    return std::to_string(answer.status) + " " + std::string(answer.headers.get("content-range"));
  };
  CHECK(range("0-9") == "206 0-9/*");
  CHECK(range("20-29") == "206 20-29/*");
  CHECK(range("0-29") == "200 0-29/*");
  CHECK(range("0-") == "200 0-29/*");
  CHECK(range("100-109") == "200 */*");
  CHECK(range("0-1", "rpc/ans_numbers", {{"upto", "3"}}) == "206 0-1/*");
  CHECK(range("0-2", "rpc/ans_numbers", {{"upto", "3"}}) == "200 0-2/*");
}

TEST_CASE("a set of values takes filters, order, limit, offset, a count and max-affected as a set of rows does") {
  Answers a(few_rows());
  const auto numbers = [&](Pairs query, Pairs headers = {}) {
    query.emplace_back("upto", "9");
    return a.get("rpc/ans_numbers", query, std::move(headers));
  };
  CHECK(numbers({}).body == "[1,2,3,4,5]");
  CHECK(numbers({{"limit", "2"}, {"offset", "3"}}).body == "[4,5]");
  CHECK(numbers({{"order", "ans_numbers.desc"}, {"limit", "1"}}).body == "[9]");
  CHECK(numbers({{"ans_numbers", "gt.7"}}).body == "[8,9]");
  const Answer counted = numbers({{"limit", "2"}}, {{"Prefer", "count=exact"}});
  CHECK(counted.status == 206);
  CHECK(counted.headers.get("content-range") == "0-1/9");
  CHECK(counted.body == "[1,2]");
  CHECK(numbers({{"offset", "99"}}, {{"Prefer", "count=exact"}}).code() == "PGRST103");
  const Pairs strict{{"Prefer", "handling=strict,max-affected=2"}};
  CHECK(a.send(Method::post, "rpc/ans_make", {}, R"({"upto":3})", strict).code() == "PGRST124");
  CHECK(a.count("ans_log") == "0");
  CHECK(a.send(Method::post, "rpc/ans_make", {}, R"({"upto":2})", strict).body == "[5,5]");
  CHECK(a.send(Method::post, "rpc/ans_none", {}, "{}", strict).code() == "PGRST128");
}

TEST_CASE("HEAD answers like GET, without the body") {
  Answers a;
  const auto heads = [](const Answer& answer) {
    std::string out = std::to_string(answer.status);
    for (const char* name : {"content-type", "content-range", "preference-applied"})
      out += " | " + std::string(answer.headers.get(name));
    return out;
  };
  for (const std::string accept : {"application/json", "text/csv", "application/vnd.pgrst.object+json",
                                   "application/vnd.pgrst.array+json;nulls=stripped"})
    for (const std::string path : {"ans_films", "rpc/ans_numbers"})
      for (const std::string limit : {"1", "2"}) {
        CAPTURE(accept);
        CAPTURE(path);
        CAPTURE(limit);
        Pairs query{{"limit", limit}};
        if (path.starts_with("rpc")) query.emplace_back("upto", "3");
        const Pairs headers{{"Accept", accept}, {"Prefer", "count=exact"}};
        const Answer got = a.get(path, query, headers), headed = a.head(path, query, headers);
        CHECK(heads(headed) == heads(got));
        if (got.status < 300) CHECK(headed.body.empty());
      }
}

TEST_CASE("a value that looks like a guard's is only an invalid value") {
  Answers a;
  for (const std::string value : {"PGRST116 3", "PGRST124 9", "PGRST115 0"}) {
    const Answer answer = a.get("ans_films", {{"id", "eq." + value}});
    CHECK(answer.status == 400);
    CHECK(answer.code() == "22P02");
  }
}

TEST_CASE("an embed with a column's name leaves the column its filters") {
  Answers a;
  const auto films = [&](const std::string& filter) {
    return a.get("ans_films", {{"select", "id,director_id(name)"}, {"director_id", filter}, {"order", "id"}}).body;
  };
  CHECK(films("eq.2") == R"([{"id":2,"director_id":{"name":"Bo"}}])");
  CHECK(films("in.(1,9)") == R"([{"id":1,"director_id":{"name":"Ada"}}])");
  CHECK(films("is.null") == R"([{"id":3,"director_id":null},{"id":4,"director_id":null}])");
}

TEST_CASE("names of tables and columns never collide with generated ones") {
  Answers a;
  CHECK(a.get("ans_item_1", {{"select", "*,ans_item(id)"}, {"order", "id"}}).body ==
        R"([{"id":1,"name":"first","ans_item":[{"id":10}]},{"id":2,"name":"second","ans_item":[{"id":11}]}])");
  CHECK(a.get("ans_films", {{"select", "ans_directors(x)"}, {"id", "eq.1"}}).body == R"([{"ans_directors":{"x":7}}])");
  CHECK(a.get("ans_directors", {{"select", "ans_films(x:title)"}, {"id", "eq.1"}}).body ==
        R"([{"ans_films":[{"x":"one"}]}])");
}

TEST_CASE("PUT writes the one row of its whole key") {
  Answers a;
  const Pairs by_key{{"a", "eq.1"}, {"b", "eq.2"}};
  const auto put = [&](const Pairs& query, const std::string& body, Pairs headers = {}) {
    return a.send(Method::put, "ans_keyed", query, body, std::move(headers));
  };
  CHECK(put(by_key, R"({"a":1,"b":2,"v":"new"})").status == 201);
  CHECK(a.w.scalar("select string_agg(v, ',') from ans_keyed") == "new");
  CHECK(put(by_key, R"({"a":1,"b":2,"v":"again"})").status == 204);
  const Answer shown = put(by_key, R"({"a":1,"b":2,"v":"shown"})", {{"Prefer", "return=representation"}});
  CHECK(shown.status == 200);
  CHECK(shown.body == R"([{"a":1,"b":2,"v":"shown"}])");
  const auto refused = [&](const Pairs& query, const std::string& body, int status, const std::string& code) {
    CAPTURE(body);
    const Answer answer = put(query, body);
    CHECK(answer.status == status);
    CHECK(answer.code() == code);
  };
  const std::string body = R"({"a":1,"b":2,"v":"bad"})";
  refused({{"a", "eq.1"}}, body, 405, "PGRST105");
  refused({}, body, 405, "PGRST105");
  refused({{"a", "eq.1"}, {"b", "gt.2"}}, body, 405, "PGRST105");
  refused({{"a", "eq.1"}, {"b", "not.eq.2"}}, body, 405, "PGRST105");
  refused({{"a", "eq.1"}, {"b", "eq.2"}, {"v", "eq.x"}}, body, 405, "PGRST105");
  refused({{"a", "eq.1"}, {"b", "eq.2"}, {"limit", "1"}}, body, 400, "PGRST114");
  refused(by_key, R"({"a":1,"b":3,"v":"bad"})", 400, "PGRST115");
  refused(by_key, R"({"a":1,"v":"bad"})", 400, "PGRST115");
  refused(by_key, R"([{"a":1,"b":2},{"a":1,"b":2}])", 400, "PGRST115");
  CHECK(a.w.scalar("select string_agg(a::text || b || v, ',') from ans_keyed") == "12shown");
}
