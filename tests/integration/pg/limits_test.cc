#include <array>

#include "support/stage.h"

using namespace stage;

namespace {

constexpr pg::Sql kSleep{"test.sleep", "select pg_sleep($1)::text"};
constexpr pg::Sql kOne{"test.one", "select 1"};

pg::As service() { return pg::as_service("a test acts for nobody"); }

Task<std::string> sleep_as(pg::Db& db, pg::As who, double seconds) {
  try {
    co_await db.as(who).one<std::string>(kSleep, seconds);
    co_return "slept";
  } catch (const pg::Error& e) {
    co_return e.sqlstate;
  } catch (const pg::Unavailable& e) {
    co_return e.what();
  }
}

std::int64_t sleeping() {
  return owner_count(
      "select count(*) from pg_stat_activity where application_name = 'tenon' and wait_event = 'PgSleep'");
}

Task<> store(Task<std::string> task, std::string& out) { out = co_await task; }

Task<bool> until(bool (*condition)(), double seconds) {
  const auto start = Clock::now();
  while (!condition()) {
    if (seconds_since(start) > seconds) co_return false;
    co_await core::sleep_for(std::chrono::milliseconds{10});  // between two looks
  }
  co_return true;
}

}  // namespace

TEST_CASE("each role has its own statement timeout, enforced by the server") {
  Stage stage;
  const auto start = Clock::now();
  CHECK(stage([](pg::Db& db) { return sleep_as(db, pg::as_claims("anon", ""), 10); }) == "57014");
  CHECK(seconds_since(start) > 2.9);
  CHECK(seconds_since(start) < 4.5);
  static constexpr pg::Sql kTimeout{"test.timeout", "select current_setting('statement_timeout')"};
  const auto timeout = [](pg::Db& db, pg::As who) -> Task<std::string> {
    co_return co_await db.as(who).one<std::string>(kTimeout);
  };
  CHECK(stage([&](pg::Db& db) { return timeout(db, pg::as(core::UserId::random())); }) == "8s");
  CHECK(stage([&](pg::Db& db) { return timeout(db, service()); }) == "30s");
  const auto in_transaction = [](pg::Db& db) -> Task<std::string> {
    const auto fn = [](pg::Tx& tx) -> Task<std::string> { co_return co_await tx.one<std::string>(kTimeout); };
    co_return co_await db.in(pg::as(core::UserId::random()), fn);
  };
  CHECK(stage(in_transaction) == "8s");
}

TEST_CASE("a disconnected client's query is cancelled, and the other requests on its pipeline complete") {
  make_schema();
  Stage stage;
  std::string left, other;
  const auto both = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    const auto mine = std::make_shared<core::TaskContext>();
    group.spawn("left", store(sleep_as(db, service(), 20), left), mine);
    CHECK(co_await until([] { return sleeping() == 1; }, 5));
    group.spawn("other", store(sleep_as(db, pg::as_claims("anon", ""), 0.01), other));
    mine->stop.request_stop();
    co_await group.join();
  };
  const auto start = Clock::now();
  stage(both);
  CHECK(seconds_since(start) < 5);
  CHECK(left == "57014");
  CHECK(other == "slept");
}

TEST_CASE("a request started after the stop runs to its end") {
  make_schema();
  Stage stage;
  const auto mine = std::make_shared<core::TaskContext>();
  mine->stop.request_stop();
  std::string slept;
  const auto late = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    group.spawn("late", store(sleep_as(db, service(), 0.3), slept), mine);
    co_await group.join();
  };
  stage(late);
  CHECK(slept == "slept");
}

TEST_CASE("for an expendable task a request started after the stop is cancelled, unless it is quick") {
  make_schema();
  Stage stage;
  const auto mine = std::make_shared<core::TaskContext>();
  mine->expendable = true;
  mine->stop.request_stop();
  std::string quick;
  std::string slow;
  const auto late = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    group.spawn("quick", store(sleep_as(db, service(), 0), quick), mine);
    co_await group.join();
    group.spawn("slow", store(sleep_as(db, service(), 3), slow), mine);
    co_await group.join();
  };
  const auto start = Clock::now();
  stage(late);
  CHECK(quick == "slept");
  CHECK(slow == "57014");
  CHECK(seconds_since(start) < 2);
}

namespace {
pg::Config with_spares() {
  pg::Config with = config();
  with.spare_pipelines = 2;
  return with;
}
}  // namespace

TEST_CASE("a slow statement does not delay others for long: spare pipelines take them") {
  Stage stage(with_spares());
  std::string slow;
  double waited = 0;
  const auto both = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    group.spawn("slow", store(sleep_as(db, service(), 3), slow));
    CHECK(co_await until([] { return sleeping() == 1; }, 5));
    co_await core::sleep_for(std::chrono::milliseconds{200});  // until it counts as slow: time is the subject
    const auto start = Clock::now();
    for (int i = 0; i < 20; ++i) co_await db.as(service()).one<std::int32_t>(kOne);
    waited = seconds_since(start);
    co_await group.join();
  };
  stage(both);
  CHECK(slow == "slept");
  CHECK(waited < 1.5);
}

namespace {

constexpr pg::Sql kNote{"test.note", "insert into pgtest.log values ($1)"};
constexpr pg::Sql kCount{"test.count", "select count(*) from pgtest.notes"};

struct Ending {
  std::string how;
  double after = 0;
};

Task<> run_as(pg::Db& db, pg::As who, pg::Sql sql, pg::Params params, Ending& out) {
  const auto start = Clock::now();
  try {
    co_await db.as(who).rows(sql, std::move(params));
    out.how = "answered";
  } catch (const pg::Error& e) {
    out.how = e.sqlstate;
  } catch (const pg::Unavailable& e) {
    out.how = "unavailable";
  }
  out.after = seconds_since(start);
}

std::int64_t locked_out() {
  return owner_count(
      "select count(*) from pg_stat_activity where application_name = 'tenon' and wait_event_type = 'Lock'");
}

// Holds a lock that every statement on the table waits for.
struct Locker {
  explicit Locker(const std::string& table) : session(core::Secret(url("TENON_TEST_SUPER_URL"))) {
    session.script("begin; lock table " + table + " in access exclusive mode");
  }
  pg::Session session;
};

// The longest of 40 small questions, one after another.
Task<double> longest_of_forty(pg::Db& db) {
  double longest = 0;
  for (int i = 0; i < 40; ++i) {
    const auto start = Clock::now();
    CHECK(co_await db.as(service()).one<std::int32_t>(kOne) == 1);
    longest = std::max(longest, seconds_since(start));
  }
  co_return longest;
}

}  // namespace

TEST_CASE("statements that wait for one lock leave a pipeline to others") {
  make_schema();
  Stage stage(with_spares());
  Locker locker("pgtest.notes");
  std::array<Ending, 6> stuck;
  Ending behind;
  double longest = 0;
  const auto all = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    for (Ending& one : stuck) group.spawn("stuck", run_as(db, pg::as(core::UserId::random()), kCount, {}, one));
    group.spawn("behind", run_as(db, service(), kOne, {}, behind));
    CHECK(co_await until([] { return locked_out() > 0; }, 5));
    co_await core::sleep_for(std::chrono::milliseconds{200});  // until they count as slow: time is the subject
    longest = co_await longest_of_forty(db);
    co_await group.join();
  };
  stage(all);
  // Statements that were already queued behind them waited for the time of one statement, not of six.
  CHECK(behind.how == "answered");
  CHECK(behind.after < 9.5);
  MESSAGE("beside six stuck statements the longest of forty small ones took " << longest << " s");
  CHECK(longest < 2);
  for (const Ending& one : stuck) {
    CHECK_MESSAGE((one.how == "57014" || one.how == "unavailable"), one.how);
    CHECK(one.after < 13);  // for a pipeline and for the lock
  }
}

TEST_CASE("when every pipeline is stalled the slowest statement is cancelled") {
  make_schema();
  Stage stage(with_spares());
  Locker locker("pgtest.notes");
  std::array<Ending, 6> stuck;
  double longest = 0;
  const auto all = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    for (std::size_t i = 0; i < stuck.size(); ++i) {
      group.spawn("stuck", run_as(db, pg::as(core::UserId::random()), kCount, {}, stuck[i]));
      co_await core::sleep_for(std::chrono::milliseconds{200});  // until it counts as slow: time is the subject
    }
    CHECK(locked_out() == 3);
    longest = co_await longest_of_forty(db);
    co_await group.join();
  };
  stage(all);
  MESSAGE("with three pipelines stuck the longest of forty small ones took " << longest << " s");
  CHECK(longest < 4);
  for (const Ending& one : stuck) CHECK_MESSAGE((one.how == "57014" || one.how == "unavailable"), one.how);
}

TEST_CASE("writes stuck on one pipeline end together, not one after another") {
  make_schema();
  Stage stage;
  std::array<Ending, 5> stuck;
  const auto note = [&](pg::Db& db, Ending& one) {
    return run_as(db, pg::as_claims("anon", ""), kNote, pg::encode_all("x"), one);
  };
  const auto all = [&](pg::Db& db) -> Task<> {
    Ending first;
    co_await note(db, first);  // prepares it, which a locked table would stop as well
    CHECK(first.how == "answered");
    const Locker locker("pgtest.log");
    core::TaskGroup group(stage.loop);
    for (Ending& one : stuck) group.spawn("stuck", note(db, one));
    co_await group.join();
  };
  stage(all);
  for (const Ending& one : stuck) {
    CHECK_MESSAGE((one.how == "57014" || one.how == "unavailable"), one.how);
    CHECK(one.after < 5.5);  // of a stranger's three seconds
  }
}

TEST_CASE("close waits for requests under way and refuses later ones") {
  make_schema();
  core::Loop loop;
  pg::Db db(loop, config());
  std::string slept;
  const auto close_early = [&]() -> Task<> {
    core::TaskGroup group(loop);
    group.spawn("sleep", store(sleep_as(db, service(), 0.5), slept));
    CHECK(co_await until([] { return sleeping() == 1; }, 5));
    co_await db.close();
    CHECK(slept == "slept");
    co_await group.join();
    CHECK(co_await sleep_as(db, service(), 0) == "no database connection came free in time");
  };
  loop.run_until(close_early());
}
