#include "support/stage.h"

using namespace stage;

namespace {

constexpr pg::Sql kLog{"test.log", "insert into pgtest.log values ($1)"};
constexpr pg::Sql kCount{"test.count", "select count(*) from pgtest.log"};
constexpr pg::Sql kFail{"test.fail", "select pgtest.fail($1)"};
constexpr pg::Sql kBackend{"test.backend", "select pg_backend_pid()"};
constexpr pg::Sql kRole{"test.role",
                        "select current_user || ' ' || coalesce(current_setting('request.jwt.claims', true), '')"};
constexpr pg::Sql kSleep{"test.sleep", "select pg_sleep($1)::text"};

pg::As service() { return pg::as_service("a test acts for nobody"); }

std::int64_t lines() { return owner_count("select count(*) from pgtest.log"); }

Task<std::int64_t> two_lines(pg::Tx& tx, const std::string& name) {
  co_await tx.run(kLog, name + " 1");
  co_await tx.run(kLog, name + " 2");
  co_return co_await tx.one<std::int64_t>(kCount);
}

Task<> throw_after_a_line(pg::Tx& tx, const std::string& name) {
  co_await tx.run(kLog, name);
  throw std::runtime_error("changed my mind");
}

Task<> swallow_an_error(pg::Tx& tx, const std::string& name) {
  co_await tx.run(kLog, name);
  try {
    co_await tx.run(kFail, "P0001");
  } catch (const pg::Error&) {
  }
}

Task<> fail_until(pg::Tx& tx, int* attempts, int good, std::string state) {
  ++*attempts;
  co_await tx.run(kLog, "attempt");
  if (*attempts < good) co_await tx.run(kFail, state);
}

}  // namespace

TEST_CASE("a transaction commits when its function returns and rolls back when it throws") {
  make_schema();
  Stage stage;
  const auto commit = [](pg::Db& db) -> Task<std::int64_t> {
    co_return co_await db.in(service(), two_lines, std::string("a"));
  };
  CHECK(stage(commit) == 2);
  CHECK(lines() == 2);
  const auto undo = [](pg::Db& db) -> Task<> { co_await db.in(service(), throw_after_a_line, std::string("b")); };
  CHECK_THROWS_WITH(stage(undo), "changed my mind");
  CHECK(lines() == 2);
  CHECK(owner_count(
            "select count(*) from pg_stat_activity where state like 'idle in%' and application_name = 'tenon'") == 0);
}

TEST_CASE("a commit after a failed statement is an error, not a success") {
  make_schema();
  Stage stage;
  const auto swallow = [](pg::Db& db) -> Task<> { co_await db.in(service(), swallow_an_error, std::string("a")); };
  CHECK_THROWS_AS(stage(swallow), pg::Error);
  CHECK(lines() == 0);
}

TEST_CASE("serialization failures and deadlocks are tried three times in all, other errors once") {
  make_schema();
  Stage stage;
  for (const char* state : {"40001", "40P01"}) {
    owner_run("truncate pgtest.log");
    int attempts = 0;
    const auto third = [&](pg::Db& db) -> Task<> {
      co_await db.in(service(), fail_until, &attempts, 3, std::string(state));
    };
    stage(third);
    CHECK(attempts == 3);
    CHECK(lines() == 1);
  }
  owner_run("truncate pgtest.log");
  int attempts = 0;
  const auto never = [&](pg::Db& db) -> Task<> {
    co_await db.in(service(), fail_until, &attempts, 9, std::string("40001"));
  };
  CHECK_THROWS_AS(stage(never), pg::Error);
  CHECK(attempts == 3);
  attempts = 0;
  const auto other = [&](pg::Db& db) -> Task<> {
    co_await db.in(service(), fail_until, &attempts, 9, std::string("23514"));
  };
  CHECK_THROWS_AS(stage(other), pg::Error);
  CHECK(attempts == 1);
  CHECK(lines() == 0);
}

TEST_CASE("two transactions that deadlock both succeed") {
  make_schema();
  owner_run(
      "create table pgtest.pair (id int primary key, n int); insert into pgtest.pair values (1, 0), (2, 0);"
      "grant all on pgtest.pair to service_role");
  Stage stage;
  static constexpr pg::Sql kBump{"test.bump", "update pgtest.pair set n = n + 1 where id = $1"};
  const auto bump = [](pg::Tx& tx, int first, int second) -> Task<> {
    co_await tx.run(kBump, first);
    co_await tx.one<std::string>(kSleep, 0.1);
    co_await tx.run(kBump, second);
  };
  const auto both = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    group.spawn("a", db.in(service(), bump, 1, 2));
    group.spawn("b", db.in(service(), bump, 2, 1));
    co_await group.join();
  };
  stage(both);
  CHECK(owner_query("select string_agg(n::text, ' ') from pgtest.pair") == "2 2");
}

TEST_CASE("role and claims end with the transaction that set them") {
  auto with = config();
  with.checkout_connections = 1;
  Stage stage(with);
  const auto user = core::UserId::random();
  const auto role = [](pg::Tx& tx) -> Task<std::string> { co_return co_await tx.one<std::string>(kRole); };
  const auto as_user = [&](pg::Db& db) -> Task<std::string> { co_return co_await db.in(pg::as(user), role); };
  const auto as_anon = [&](pg::Db& db) -> Task<std::string> {
    co_return co_await db.in(pg::as_claims("anon", ""), role);
  };
  CHECK(stage(as_user) == R"(authenticated {"sub":")" + user.str() + R"(","role":"authenticated"})");
  CHECK(stage(as_anon) == "anon ");
  CHECK_THROWS_AS(pg::as_claims("postgres", ""), std::invalid_argument);
}

TEST_CASE("a transaction that gets no connection fails within five seconds") {
  auto with = config();
  with.checkout_connections = 1;
  Stage stage(with);
  const auto inner = [](pg::Tx& tx) -> Task<> { co_await tx.one<std::int32_t>(kBackend); };
  const auto nested = [&](pg::Db& db) -> Task<> {
    const auto outer = [&](pg::Tx& tx) -> Task<> {
      co_await tx.one<std::int32_t>(kBackend);
      co_await db.in(service(), inner);
    };
    co_await db.in(service(), outer);
  };
  const auto start = Clock::now();
  CHECK_THROWS_AS(stage(nested), pg::Unavailable);
  CHECK(seconds_since(start) > 3.5);
  CHECK(seconds_since(start) < 5.0);
  const auto once = [&](pg::Db& db) -> Task<> { co_await db.in(service(), inner); };
  CHECK_NOTHROW(stage(once));
}

namespace {
struct Tally {
  int good = 0;
  int bad = 0;
};
Task<> worker(pg::Db& db, int number, Tally& tally) {
  for (int i = 0; i < 5; ++i) {
    const std::string name = std::to_string(number) + "-" + std::to_string(i);
    try {
      if ((number + i) % 2 == 0) co_await db.in(service(), two_lines, name);
      else co_await db.as(service()).run(kLog, name);
      ++tally.good;
    } catch (const std::exception& e) {
      MESSAGE(e.what());
      ++tally.bad;
    }
  }
}
}  // namespace

TEST_CASE("200 coroutines share a few connections without losing a write") {
  make_schema();
  auto with = config();
  with.shared_pipelines = 2;
  Stage stage(with);
  Tally tally;
  const auto all = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    for (int i = 0; i < 200; ++i) group.spawn("worker", worker(db, i, tally));
    co_await group.join();
  };
  stage(all);
  CHECK(tally.good == 1000);
  CHECK(tally.bad == 0);
  CHECK(lines() == 1500);
}
