// The work of one caller leaves room to others (src/pg/callers.h). A caller is what the task context names.
#include <array>

#include "support/stage.h"
#include "support/wait.h"

using namespace stage;

namespace {

constexpr pg::Sql kSleep{"test.sleep", "select pg_sleep($1)::text"};
constexpr pg::Sql kOne{"test.one", "select 1"};
constexpr pg::Sql kLetters{"test.letters", "select repeat('x', 1000) from generate_series(1, 5000)"};

pg::Config with_spares() {
  pg::Config with = config();
  with.spare_pipelines = 2;
  return with;
}

std::shared_ptr<core::TaskContext> context_of(const std::string& caller) {
  auto context = std::make_shared<core::TaskContext>();
  context->caller = caller;
  return context;
}

std::int64_t sleeping() {
  return owner_count(
      "select count(*) from pg_stat_activity where application_name = 'tenon' and wait_event = 'PgSleep'");
}

struct Told {
  std::string how;
  double after = 0;
};

template <class Work>
Task<> told(Work work, Told& out) {
  const auto start = Clock::now();
  try {
    co_await work();
    out.how = "answered";
  } catch (const pg::Error& e) {
    out.how = e.sqlstate;
  } catch (const pg::Unavailable& e) {
    out.how = e.why == pg::Unavailable::Why::over_share ? "over its share" : "unavailable";
  }
  out.after = seconds_since(start);
}

Task<> sleep_in(pg::Tx& tx, const double& seconds) { co_await tx.one<std::string>(kSleep, seconds); }

pg::As somebody() { return pg::as(core::UserId::random()); }

}  // namespace

TEST_CASE("the slow statements of one caller never take the last pipeline, and run one at a time beside others") {
  make_schema();
  Stage stage(with_spares());
  std::array<Told, 8> slow;
  std::array<Told, 40> quick;
  std::int64_t most = 0;
  const auto all = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    const auto sleep = [&db]() -> Task<> { co_await db.as(somebody()).one<std::string>(kSleep, 1.5); };
    const auto one = [&db]() -> Task<> { co_await db.as(somebody()).one<std::int32_t>(kOne); };
    for (Told& each : slow) {
      group.spawn("slow", told(sleep, each), context_of("mallory"));
      co_await core::sleep_for(std::chrono::milliseconds{70});  // so that each finds a pipeline: time is the subject
    }
    for (Told& each : quick) {
      group.spawn("quick", told(one, each), context_of("ada"));
      co_await core::sleep_for(std::chrono::milliseconds{20});  // between two samples of `most`
      most = std::max(most, sleeping());
    }
    co_await group.join();
  };
  stage(all);
  for (const Told& each : quick) {
    CHECK(each.how == "answered");
    CHECK(each.after < 1.0);
  }
  CHECK(most <= 2);
  for (const Told& each : slow)
    CHECK_MESSAGE((each.how == "answered" || each.how == "over its share"), each.how << " after " << each.after);
}

TEST_CASE("a statement behind another caller's slow one waits for a moment, and the slow one still runs to its end") {
  make_schema();
  Stage stage(with_spares());
  Told slow, quick;
  const auto all = [&](pg::Db& db) -> Task<> {
    // Known to the pool, so that each is sent at once, and quick lies behind slow on the one pipeline.
    co_await db.as(somebody()).one<std::string>(kSleep, 0.0);
    co_await db.as(somebody()).one<std::int32_t>(kOne);
    core::TaskGroup group(stage.loop);
    const auto sleep = [&db]() -> Task<> { co_await db.as(somebody()).one<std::string>(kSleep, 2); };
    const auto one = [&db]() -> Task<> { co_await db.as(somebody()).one<std::int32_t>(kOne); };
    group.spawn("slow", told(sleep, slow), context_of("mallory"));
    group.spawn("quick", told(one, quick), context_of("ada"));
    co_await group.join();
  };
  stage(all);
  CHECK(quick.how == "answered");
  CHECK(quick.after < 1.0);
  CHECK(quick.after > 0.05);  // it did wait
  CHECK(slow.how == "answered");
}

TEST_CASE("one caller's transactions leave a connection to others") {
  make_schema();
  pg::Config with = config();
  with.checkout_connections = 4;
  Stage stage(with);
  std::array<Told, 6> slow;
  Told quick;
  const auto all = [&](pg::Db& db) -> Task<> {
    core::TaskGroup group(stage.loop);
    const auto sleep = [&db]() -> Task<> { co_await db.in(somebody(), sleep_in, 4.5); };
    const auto moment = [&db]() -> Task<> { co_await db.in(somebody(), sleep_in, 0.01); };
    for (Told& each : slow) group.spawn("slow", told(sleep, each), context_of("mallory"));
    co_await support::until([&] { return sleeping() >= 3; });
    group.spawn("quick", told(moment, quick), context_of("ada"));
    co_await group.join();
  };
  stage(all);
  CHECK(quick.how == "answered");
  CHECK(quick.after < 1.0);
  CHECK(slow[1].how == "answered");
  CHECK(slow[5].how == "over its share");
}

TEST_CASE("with short lock waits a statement gives up after a second, in one trip and in a transaction") {
  make_schema();
  pg::Config with = config();
  with.short_lock_waits = true;
  Stage stage(with);
  static constexpr pg::Sql kLimit{"test.limit", "select current_setting('lock_timeout')"};
  const auto one = [](pg::Db& db) -> Task<std::string> {
    co_return co_await db.as(somebody()).one<std::string>(kLimit);
  };
  const auto in = [](pg::Db& db) -> Task<std::string> {
    const auto fn = [](pg::Tx& tx) -> Task<std::string> { co_return co_await tx.one<std::string>(kLimit); };
    co_return co_await db.in(somebody(), fn);
  };
  CHECK(stage(one) == "1s");
  CHECK(stage(in) == "1s");
}

TEST_CASE("a result is read row by row up to its bound, and the connection serves on") {
  make_schema();
  Stage stage;
  const auto letters = [](pg::Db& db, std::size_t most) -> Task<int> {
    const pg::RequestSettings settings{.search_path = "public", .most_bytes = most};
    co_return (co_await db.as(somebody()).rows(kLetters, {}, settings)).size();
  };
  CHECK(stage([&](pg::Db& db) { return letters(db, 64 << 20); }) == 5000);
  CHECK_THROWS_AS(stage([&](pg::Db& db) { return letters(db, 1 << 20); }), pg::ResultTooLarge);
  CHECK(stage([&](pg::Db& db) { return letters(db, 64 << 20); }) == 5000);
}
