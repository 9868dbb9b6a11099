// SQL injection in every position that a request can reach.
#include <chrono>
#include <functional>

#include "integration/rest/support/rest_app.h"

using namespace support;
using http::Method;

namespace {

constexpr const char* kTables = R"sql(
  drop table if exists inj_open, inj_hidden cascade;
  drop function if exists inj_echo(text);
  create table inj_open (id int primary key, title text, doc jsonb, body tsvector);
  insert into inj_open values (1, 'shown', '{"k": "v"}', 'shown');
  create table inj_hidden (id int primary key references inj_open (id), secret text);
  insert into inj_hidden values (1, 'never-to-be-seen');
  alter table inj_open enable row level security;
  alter table inj_hidden enable row level security;
  create policy all_of_it on inj_open using (current_user is not null) with check (current_user is not null);
  grant all on inj_open to anon, authenticated;
  create function inj_echo(v text) returns text language sql stable as 'select v';
  grant execute on function inj_echo to anon;
)sql";

const std::vector<std::string> kPayloads{"'; drop table inj_open; --",
                                         "\"; drop table inj_open; --",
                                         "\\'; drop table inj_open; --",
                                         "x\"\"; drop table inj_open; --",
                                         ") or true --",
                                         "1) or (1=1",
                                         "id\" from inj_open; delete from inj_open; --",
                                         "secret from inj_hidden --",
                                         "(select secret from inj_hidden)",
                                         "\",(select secret from inj_hidden) as \"x",
                                         "'||(select secret from public.inj_hidden)||'",
                                         "\" = \"\" or (select secret from inj_hidden) is not null --",
                                         "$1",
                                         "$$; select 1; $$",
                                         "E'\\\\'",
                                         "/* */ union select secret from inj_hidden",
                                         "public.inj_hidden",
                                         "inj_open\", \"inj_hidden",
                                         "pg_sleep(9)",
                                         "'||pg_sleep(9)||'",
                                         "id::text\",\"secret",
                                         "text) from inj_hidden --",
                                         "text[]; drop table inj_open",
                                         "ʼ; drop table inj_open; --",
                                         "\n; drop table inj_open; --",
                                         "\\\"; drop table inj_open; --",
                                         "''''''",
                                         "\"\"\"",
                                         "{}\"",
                                         "->>'k' = 'v' or true --",
                                         std::string(200, 'x') + "\"; drop table inj_open; --"};

using Position = std::function<RestCall(const std::string&)>;

RestCall get(Pairs query, Pairs headers = {}, std::string path = "inj_open") {
  return RestCall{.path = std::move(path),
                  .query = std::move(query),
                  .caller = key("anon"),
                  .body = "",
                  .headers = std::move(headers)};
}
RestCall change(Method method, std::string body, Pairs query) {
  return RestCall{.method = method,
                  .path = "inj_open",
                  .query = std::move(query),
                  .caller = key("anon"),
                  .body = std::move(body),
                  .headers = {{"Prefer", "return=representation"}}};
}
RestCall post(std::string body, Pairs query = {}, Pairs headers = {}, std::string path = "inj_open") {
  return RestCall{.method = Method::post,
                  .path = std::move(path),
                  .query = std::move(query),
                  .caller = key("anon"),
                  .body = std::move(body),
                  .headers = std::move(headers)};
}

std::string json(const std::string& text) {
  std::string out;
  core::append_json_string(out, text);
  return out;
}
// As a quoted name, and as a bare one.
std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

const std::vector<std::pair<std::string, Position>> kPositions{
    {"table", [](const std::string& p) { return get({}, {}, p); }},
    {"table, quoted", [](const std::string& p) { return get({}, {}, in_quotes(p)); }},
    {"column", [](const std::string& p) { return get({{"select", p}}); }},
    {"column, quoted", [](const std::string& p) { return get({{"select", in_quotes(p)}}); }},
    {"alias", [](const std::string& p) { return get({{"select", p + ":id"}}); }},
    {"alias, quoted", [](const std::string& p) { return get({{"select", in_quotes(p) + ":id"}}); }},
    {"json key", [](const std::string& p) { return get({{"select", "doc->" + p}}); }},
    {"json key, quoted", [](const std::string& p) { return get({{"select", "doc->>" + in_quotes(p)}}); }},
    {"json key of a filter", [](const std::string& p) { return get({{"doc->>" + p, "eq.v"}}); }},
    {"json key of an order", [](const std::string& p) { return get({{"order", "doc->>" + p}}); }},
    {"cast", [](const std::string& p) { return get({{"select", "id::" + p}}); }},
    {"cast, quoted", [](const std::string& p) { return get({{"select", "id::" + in_quotes(p)}}); }},
    {"embed", [](const std::string& p) { return get({{"select", p + "(*)"}}); }},
    {"embed, quoted", [](const std::string& p) { return get({{"select", in_quotes(p) + "(*)"}}); }},
    {"embed's column", [](const std::string& p) { return get({{"select", "inj_hidden(" + p + ")"}}); }},
    {"hint", [](const std::string& p) { return get({{"select", "inj_hidden!" + p + "(*)"}}); }},
    {"filter's column", [](const std::string& p) { return get({{p, "eq.1"}}); }},
    {"filter's column, quoted", [](const std::string& p) { return get({{in_quotes(p), "eq.1"}}); }},
    {"operator", [](const std::string& p) { return get({{"title", p + ".x"}}); }},
    {"text search configuration", [](const std::string& p) { return get({{"body", "fts(" + p + ").x"}}); }},
    {"quantifier", [](const std::string& p) { return get({{"title", "like(" + p + ").{x}"}}); }},
    {"value", [](const std::string& p) { return get({{"title", "eq." + p}}); }},
    {"value of a number", [](const std::string& p) { return get({{"id", "eq." + p}}); }},
    {"value of like", [](const std::string& p) { return get({{"title", "like." + p}}); }},
    {"value of match", [](const std::string& p) { return get({{"title", "match." + p}}); }},
    {"value of fts", [](const std::string& p) { return get({{"body", "plfts." + p}}); }},
    {"value of is", [](const std::string& p) { return get({{"title", "is." + p}}); }},
    {"value of cs", [](const std::string& p) { return get({{"doc", "cs." + p}}); }},
    {"list", [](const std::string& p) { return get({{"title", "in.(" + p + ")"}}); }},
    {"list, quoted", [](const std::string& p) { return get({{"title", "in.(" + in_quotes(p) + ",x)"}}); }},
    {"any list", [](const std::string& p) { return get({{"title", "eq(any).{" + in_quotes(p) + "}"}}); }},
    {"logic", [](const std::string& p) { return get({{"or", "(" + p + ")"}}); }},
    {"logic's column", [](const std::string& p) { return get({{"or", "(" + in_quotes(p) + ".eq.1,id.eq.1)"}}); }},
    {"logic's value", [](const std::string& p) { return get({{"and", "(title.eq." + in_quotes(p) + ",id.eq.1)"}}); }},
    {"order", [](const std::string& p) { return get({{"order", p}}); }},
    {"order, quoted", [](const std::string& p) { return get({{"order", in_quotes(p) + ".desc"}}); }},
    {"order's direction", [](const std::string& p) { return get({{"order", "id." + p}}); }},
    {"order's relation", [](const std::string& p) { return get({{"order", "inj_hidden(" + p + ")"}}); }},
    {"limit", [](const std::string& p) { return get({{"limit", p}}); }},
    {"offset", [](const std::string& p) { return get({{"offset", "1" + p}}); }},
    {"on_conflict",
     [](const std::string& p) {
       return post(R"({"id":1})", {{"on_conflict", p}}, {{"Prefer", "resolution=merge-duplicates"}});
     }},
    {"on_conflict, quoted",
     [](const std::string& p) {
       return post(R"({"id":1})", {{"on_conflict", in_quotes(p)}}, {{"Prefer", "resolution=ignore-duplicates"}});
     }},
    {"filter of an embed",
     [](const std::string& p) { return get({{"select", "inj_hidden(*)"}, {"inj_hidden." + p, "eq.1"}}); }},
    {"filter of an embed, quoted",
     [](const std::string& p) { return get({{"select", "inj_hidden(*)"}, {"inj_hidden." + in_quotes(p), "eq.1"}}); }},
    {"logic of an embed",
     [](const std::string& p) {
       return get({{"select", "inj_hidden(*)"}, {"inj_hidden.or", "(" + in_quotes(p) + ".eq.1,id.eq.1)"}});
     }},
    {"order of an embed",
     [](const std::string& p) { return get({{"select", "inj_hidden(*)"}, {"inj_hidden.order", in_quotes(p)}}); }},
    {"spread", [](const std::string& p) { return get({{"select", "..." + p + "(*)"}}); }},
    {"spread's column, quoted",
     [](const std::string& p) { return get({{"select", "...inj_hidden(" + in_quotes(p) + ")"}}); }},
    {"spread's alias, quoted",
     [](const std::string& p) { return get({{"select", "...inj_hidden(" + in_quotes(p) + ":secret)"}}); }},
    {"key of a PATCH",
     [](const std::string& p) { return change(Method::patch, "{" + json(p) + ":1}", {{"id", "eq.9"}}); }},
    {"value of a PATCH",
     [](const std::string& p) { return change(Method::patch, "{\"title\":" + json(p) + "}", {{"id", "eq.9"}}); }},
    {"filter of a PATCH",
     [](const std::string& p) {
       return change(Method::patch, R"({"title":"x"})", {{in_quotes(p), "eq.1"}, {"id", "eq.9"}});
     }},
    {"filter's value of a PATCH",
     [](const std::string& p) {
       return change(Method::patch, R"({"title":"x"})", {{"title", "eq." + p}, {"id", "eq.9"}});
     }},
    {"filter of a DELETE",
     [](const std::string& p) { return change(Method::del, "", {{in_quotes(p), "eq.1"}, {"id", "eq.9"}}); }},
    {"filter's value of a DELETE",
     [](const std::string& p) { return change(Method::del, "", {{"title", "eq." + p}, {"id", "eq.9"}}); }},
    {"key of a PUT",
     [](const std::string& p) { return change(Method::put, "{\"id\":9," + json(p) + ":1}", {{"id", "eq.9"}}); }},
    {"filter of a PUT",
     [](const std::string& p) { return change(Method::put, R"({"id":9})", {{in_quotes(p), "eq.9"}}); }},
    {"filter's value of a PUT",
     [](const std::string& p) { return change(Method::put, R"({"id":9})", {{"id", "eq." + p}}); }},
    {"columns", [](const std::string& p) { return post(R"({"id":1})", {{"columns", p}}); }},
    {"columns, quoted", [](const std::string& p) { return post(R"({"id":1})", {{"columns", in_quotes(p)}}); }},
    {"key of the body", [](const std::string& p) { return post("{" + json(p) + ":1}"); }},
    {"value of the body", [](const std::string& p) { return post("{\"id\":" + json(p) + "}"); }},
    {"body", [](const std::string& p) { return post(p); }},
    {"function", [](const std::string& p) { return get({}, {}, "rpc/" + p); }},
    {"argument's name", [](const std::string& p) { return get({{p, "1"}}, {}, "rpc/inj_echo"); }},
    {"argument's name in a body",
     [](const std::string& p) { return post("{" + json(p) + ":1}", {}, {}, "rpc/inj_echo"); }},
    {"argument", [](const std::string& p) { return get({{"v", p}}, {}, "rpc/inj_echo"); }},
    {"argument in a body",
     [](const std::string& p) { return post("{\"v\":" + json(p) + "}", {}, {}, "rpc/inj_echo"); }},
    {"Prefer", [](const std::string& p) { return get({}, {{"Prefer", "count=" + p}}); }},
    {"Prefer's zone", [](const std::string& p) { return get({}, {{"Prefer", "timezone=" + p}}); }},
    {"Accept", [](const std::string& p) { return get({}, {{"Accept", p}}); }},
    {"Accept-Profile", [](const std::string& p) { return get({}, {{"Accept-Profile", p}}); }},
    {"Content-Profile", [](const std::string& p) { return post(R"({"id":1})", {}, {{"Content-Profile", p}}); }},
    {"Range", [](const std::string& p) { return get({}, {{"Range-Unit", "items"}, {"Range", "0-" + p}}); }},
    {"a header that nobody reads", [](const std::string& p) { return get({}, {{"X-Odd", p}}); }},
    {"Cookie", [](const std::string& p) { return get({}, {{"Cookie", "a=" + p}}); }}};

// True when Postgres read the text as SQL.
bool tells_of_sql(const std::string& body) {
  for (const char* words :
       {"at or near", "at end of input", "unterminated quoted", "unterminated dollar", "bind message"})
    if (body.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("no text becomes SQL in any position, and hidden rows stay hidden") {
  RestApp w;
  w.script(kTables);
  w.script("notify pgrst, 'reload schema'");
  w.until("the schema cache is reloaded", [&] { return w.call(get({})).status == 200; });
  REQUIRE(w.call(get({})).status == 200);
  const std::string before = w.scalar("select inj_open::text from inj_open where id = 1");
  int answered = 0;
  for (const auto& [position, make] : kPositions) {
    for (const std::string& payload : kPayloads) {
      CAPTURE(position);
      CAPTURE(payload);
      const auto begun = std::chrono::steady_clock::now();
      const Answer answer = w.call(make(payload));
      CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
      CHECK(answer.status < 500);
      CHECK_FALSE(tells_of_sql(answer.body));
      CHECK(answer.body.find("never-to-be-seen") == std::string::npos);
      if (answer.status >= 400) CHECK_FALSE(answer.code().empty());
      ++answered;
    }
  }
  CHECK(answered == static_cast<int>(kPositions.size() * kPayloads.size()));
  CHECK(w.scalar("select inj_open::text from inj_open where id = 1") == before);
  CHECK(w.scalar("select secret from inj_hidden") == "never-to-be-seen");
  w.script("drop table inj_open, inj_hidden cascade; drop function inj_echo(text); notify pgrst, 'reload schema'");
}

TEST_CASE("quoted text arrives unchanged") {
  RestApp w;
  w.script(kTables);
  w.script("notify pgrst, 'reload schema'");
  w.until("the schema cache is reloaded", [&] { return w.call(get({})).status == 200; });
  for (const std::string& payload : kPayloads) {
    CAPTURE(payload);
    const Answer aliased = w.call(get({{"select", in_quotes(payload) + ":id"}, {"id", "eq.1"}}));
    REQUIRE(aliased.status == 200);
    // Postgres cuts names after 63 bytes, also aliases.
    if (payload.size() < 64) CHECK(aliased.json()[std::size_t{0}][payload].integer() == 1);
    CHECK(w.call(get({{"v", payload}}, {}, "rpc/inj_echo")).json().string() == payload);
    CHECK(w.call(get({{"title", "eq." + payload}})).body == "[]");
    CHECK(w.call(get({{"title", "in.(" + in_quotes(payload) + ",shown)"}, {"select", "id"}})).body == R"([{"id":1}])");
  }
  w.script("drop table inj_open, inj_hidden cascade; drop function inj_echo(text); notify pgrst, 'reload schema'");
}

TEST_CASE("a function or table outside of the exposed schema cannot be named") {
  RestApp w;
  for (const std::string path :
       {"pg_catalog.pg_authid", "pg_authid", "auth.users", "users", "tenon.outbox", "objects", "rpc/pg_sleep",
        "rpc/pg_read_file", "rpc/set_config", "rpc/auth.uid", "rpc/claim_jobs"}) {
    CAPTURE(path);
    const Answer answer = w.call(RestCall{.path = path, .query = {}, .caller = key("service_role")});
    CHECK(answer.status == 404);
  }
  const Answer embedded =
      w.call(RestCall{.path = "projects", .query = {{"select", "id,users(*)"}}, .caller = key("service_role")});
  CHECK(embedded.code() == "PGRST200");
}
