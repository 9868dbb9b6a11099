// Concurrent requests on shared connections: identity, timeouts, schema reloads.
#include <atomic>
#include <chrono>

#include "integration/rest/support/rest_app.h"

using namespace support;
using http::Method;
using namespace std::chrono_literals;

namespace {

constexpr const char* kTables = R"sql(
  drop table if exists req_notes, req_new cascade;
  drop function if exists req_slow(float8), req_who();
  create table req_notes (id int generated always as identity primary key, owner uuid not null default auth.uid(), body text);
  alter table req_notes enable row level security;
  create policy own on req_notes using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
  grant all on req_notes to authenticated, service_role;
  create function req_slow(seconds float8) returns int language plpgsql stable as 'begin perform pg_sleep(seconds); return 1; end';
  create function req_who() returns text language sql stable as
    $$ select current_user || ' ' || coalesce(auth.uid()::text, 'nobody') || ' ' || current_setting('statement_timeout') $$;
  grant execute on function req_slow, req_who to anon, authenticated, service_role;
)sql";

void wait_for(RestApp& w, const std::string& path, int status) {
  w.until("the schema cache is reloaded",
          [&] { return w.call(RestCall{.path = path, .query = {}, .caller = key("service_role")}).status == status; });
}

void prepare(RestApp& w) {
  w.script(kTables);
  w.script("notify pgrst, 'reload schema'");
  wait_for(w, "rpc/req_who", 200);
}

struct Seen {
  int requests = 0;
  int wrong = 0;
};

core::Task<> one_visit(RestApp& w, http::Caller caller, std::string expected, Seen& seen) {
  const Answer who = co_await w.send(RestCall{.path = "rpc/req_who", .query = {}, .caller = caller});
  ++seen.requests;
  if (who.status != 200 || who.json().string() != expected) ++seen.wrong;
  if (caller.role != "authenticated") co_return;
  const Answer made = co_await w.send(RestCall{.method = Method::post,
                                               .path = "req_notes",
                                               .query = {{"select", "owner"}},
                                               .caller = caller,
                                               .body = R"({"body":"x"})",
                                               .headers = {{"Prefer", "return=representation"}}});
  if (made.status != 201 || made.json()[std::size_t{0}]["owner"].string() != caller.user.str()) ++seen.wrong;
  const Answer mine =
      co_await w.send(RestCall{.path = "req_notes", .query = {{"select", "owner"}, {"limit", "9"}}, .caller = caller});
  if (mine.status != 200 || mine.json().size() == 0) ++seen.wrong;
  for (const core::Json& row : mine.json().elements())
    if (row["owner"].string() != caller.user.str()) ++seen.wrong;
}

core::Task<> crowd(RestApp& w, Seen& seen) {
  std::vector<core::UserId> people;
  for (int i = 0; i < 20; ++i) people.push_back(core::UserId::random());
  core::TaskGroup group(w.loop);
  for (int i = 0; i < 600; ++i) {
    const core::UserId id = people[static_cast<std::size_t>(i) % people.size()];
    if (i % 7 == 0) group.spawn("anon", one_visit(w, key("anon"), "anon nobody 3s", seen));
    else if (i % 11 == 0) group.spawn("service", one_visit(w, key("service_role"), "service_role nobody 30s", seen));
    else group.spawn("user", one_visit(w, user(id), "authenticated " + id.str() + " 8s", seen));
  }
  co_await group.join();
}

core::Task<> asks(RestApp& w, std::atomic<bool>& stop, Seen& seen) {
  while (!stop) {
    const Answer answer =
        co_await w.send(RestCall{.path = "req_notes", .query = {{"limit", "1"}}, .caller = key("service_role")});
    ++seen.requests;
    if (answer.status != 200) ++seen.wrong;
  }
}

core::Task<> reloads(RestApp& w, std::atomic<bool>& stop, int& known) {
  for (int round = 0; round < 5; ++round) {
    w.script("create table req_new (id int); grant select on req_new to service_role; notify pgrst, 'reload schema'");
    for (int i = 0; i < 250; ++i) {
      const Answer answer = co_await w.send(RestCall{.path = "req_new", .query = {}, .caller = key("service_role")});
      if (answer.status == 200) {
        ++known;
        break;
      }
      co_await core::sleep_for(20ms);  // between two looks
    }
    w.script("drop table req_new; notify pgrst, 'reload schema'");
    for (int i = 0; i < 250; ++i) {
      const Answer answer = co_await w.send(RestCall{.path = "req_new", .query = {}, .caller = key("service_role")});
      if (answer.code() == "PGRST205") break;
      co_await core::sleep_for(20ms);  // between two looks
    }
  }
  stop = true;
}

core::Task<> reload_under_load(RestApp& w, Seen& seen, int& known) {
  std::atomic<bool> stop{false};
  core::TaskGroup group(w.loop);
  for (int i = 0; i < 4; ++i) group.spawn("asks", asks(w, stop, seen));
  group.spawn("reloads", reloads(w, stop, known));
  co_await group.join();
}

core::Task<> leaves(RestApp& w, int& status) {
  auto context = std::make_shared<core::TaskContext>();
  core::TaskGroup group(w.loop);
  const auto ask = [](RestApp& app, int& out) -> core::Task<> {
    const Answer answer = co_await app.send(
        RestCall{.path = "rpc/req_slow", .query = {{"seconds", "20"}}, .caller = key("service_role")});
    out = answer.status;
  };
  group.spawn("slow", ask(w, status), context);
  co_await core::sleep_for(300ms);  // the statement is under way when its client leaves
  context->stop.request_stop();
  co_await group.join();
}

}  // namespace

TEST_CASE("hundreds of users on shared connections each see only their own rows, under their own timeout") {
  RestApp w;
  prepare(w);
  Seen seen;
  w.loop.run_until(crowd(w, seen));
  CHECK(seen.requests == 600);
  CHECK(seen.wrong == 0);
}

TEST_CASE("the schema reloads five times under load without one failed request") {
  RestApp w;
  prepare(w);
  Seen seen;
  int known = 0;
  w.loop.run_until(reload_under_load(w, seen, known));
  CHECK(known == 5);
  CHECK(seen.requests > 20);
  CHECK(seen.wrong == 0);
}

TEST_CASE("a statement ends by its role's timeout, with 57014") {
  RestApp w;
  prepare(w);
  const auto begun = std::chrono::steady_clock::now();
  const Answer answer = w.call(RestCall{.path = "rpc/req_slow", .query = {{"seconds", "20"}}, .caller = key("anon")});
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(answer.status == 500);
  CHECK(answer.code() == "57014");
  CHECK(took > 2500ms);
  CHECK(took < 7s);
}

TEST_CASE("a disconnected client's statement is cancelled") {
  RestApp w;
  prepare(w);
  const auto begun = std::chrono::steady_clock::now();
  int status = 0;
  w.loop.run_until(leaves(w, status));
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  CHECK(w.scalar("select count(*) from pg_stat_activity where state = 'active' and query like '%req_slow%' and pid <> "
                 "pg_backend_pid()") == "0");
}

TEST_CASE("identity does not stay on a connection after an error, a rollback or a cancelled statement") {
  RestApp w;
  prepare(w);
  const auto ada = core::UserId::random();
  for (int round = 0; round < 20; ++round) {
    const Answer failed = w.call(RestCall{
        .method = Method::post, .path = "req_notes", .query = {}, .caller = user(ada), .body = R"({"owner":"x"})"});
    CHECK(failed.code() == "22P02");
    const Answer refused = w.call(
        RestCall{.method = Method::post,
                 .path = "req_notes",
                 .query = {},
                 .caller = user(ada),
                 .body = R"([{"body":"a"},{"body":"b"}])",
                 .headers = {{"Accept", "application/vnd.pgrst.object+json"}, {"Prefer", "return=representation"}}});
    CHECK(refused.code() == "PGRST116");
    CHECK(w.call(RestCall{.path = "rpc/req_who", .query = {}, .caller = key("anon")}).body == "\"anon nobody 3s\"");
  }
  CHECK(w.scalar("select count(*) from req_notes where owner = $1", {ada.str()}) == "0");
}

TEST_CASE("a column whose type has its own cast to json is written by that cast, by name and by star") {
  RestApp w;
  w.script(
      "drop table if exists req_hstore; drop extension if exists hstore cascade; create schema if not exists req_ext; "
      "grant usage on schema req_ext to service_role; create extension hstore schema req_ext; "
      "create table req_hstore (id int primary key, h req_ext.hstore, n int); grant all on req_hstore to service_role; "
      "insert into req_hstore values (1, 'a=>1,b=>NULL', 2); notify pgrst, 'reload schema'");
  wait_for(w, "req_hstore", 200);
  const auto get = [&](const Pairs& query) {
    return w.call(RestCall{.path = "req_hstore", .query = query, .caller = key("service_role")}).body;
  };
  CHECK(get({}) == R"([{"id":1,"h":{"a": "1", "b": null},"n":2}])");
  CHECK(get({{"select", "h"}}) == R"([{"h":{"a": "1", "b": null}}])");
  CHECK(get({{"select", "x:h"}, {"id", "eq.1"}}) == R"([{"x":{"a": "1", "b": null}}])");
  const Answer made = w.call(RestCall{.method = Method::post,
                                      .path = "req_hstore",
                                      .query = {},
                                      .caller = key("service_role"),
                                      .body = R"({"id":2,"h":"c=>3"})",
                                      .headers = {{"Prefer", "return=representation"}}});
  CHECK(made.body == R"([{"id":2,"h":{"c": "3"},"n":null}])");
  w.script("drop table req_hstore; drop extension hstore; drop schema req_ext; notify pgrst, 'reload schema'");
}
