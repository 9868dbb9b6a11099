#include <map>
#include <set>

#include "support/stage.h"

using namespace stage;

namespace {

struct Note {
  core::UserId user_id;
  std::string title;
  std::int32_t backend;
};

constexpr pg::Sql kOwn{"test.own", "select user_id, title, pg_backend_pid() from pgtest.notes order by id"};
constexpr pg::Sql kAdd{"test.add", "insert into pgtest.notes (user_id, title) values ($1, $2)"};
constexpr pg::Sql kDivide{"test.divide", "select 10 / $1::int"};
constexpr pg::Sql kLog{"test.log", "insert into pgtest.log values ($1)"};
constexpr pg::Sql kFail{"test.fail", "select pgtest.fail($1)"};

pg::As service() { return pg::as_service("a test acts for no user"); }

Task<> add_notes(pg::Db& db, core::UserId user, int count) {
  for (int i = 0; i < count; ++i) co_await db.as(user).run(kAdd, user, std::string("n") + std::to_string(i));
}

struct Seen {
  int requests = 0;
  int foreign = 0;
  int wrong_count = 0;
  int failed = 0;
  std::set<std::int32_t> backends;
};

Task<> look(pg::Db& db, core::UserId user, std::size_t expected, Seen& seen) {
  try {
    const auto notes = co_await db.as(user).many<Note>(kOwn);
    ++seen.requests;
    if (notes.size() != expected) ++seen.wrong_count;
    for (const Note& note : notes) {
      if (note.user_id != user) ++seen.foreign;
      seen.backends.insert(note.backend);
    }
  } catch (const std::exception& e) {
    MESSAGE(e.what());
    ++seen.failed;
  }
}

Task<> two_users(pg::Db& db, core::Loop& loop, Seen& seen) {
  const auto ada = core::UserId::random(), bob = core::UserId::random();
  co_await add_notes(db, ada, 3);
  co_await add_notes(db, bob, 5);
  core::TaskGroup group(loop);
  for (int i = 0; i < 1000; ++i) group.spawn("look", i % 2 == 0 ? look(db, ada, 3, seen) : look(db, bob, 5, seen));
  co_await group.join();
}

}  // namespace

TEST_CASE("1,000 interleaved requests of two users on one connection each see only their own rows") {
  make_schema();
  for (const bool prepared : {true, false}) {
    auto with = config();
    with.prepared = prepared;
    Stage stage(with);
    Seen seen;
    stage([&](pg::Db& db) { return two_users(db, stage.loop, seen); });
    CHECK(seen.requests == 1000);
    CHECK(seen.failed == 0);
    CHECK(seen.foreign == 0);
    CHECK(seen.wrong_count == 0);
    CHECK(seen.backends.size() == 1);
    make_schema();
  }
}

namespace {
Task<> one_of_many(pg::Db& db, int i, std::map<std::string, int>& ends) {
  std::string end = "ok";
  try {
    switch (i % 4) {
      case 0: {
        const auto quotient = co_await db.as(service()).one<std::int32_t>(kDivide, i % 3 == 0 ? 0 : i);
        end = quotient == 10 / i ? "quotient" : "another's answer";
        break;
      }
      case 1: co_await db.as(service()).run(kLog, "line " + std::to_string(i)); break;
      case 2: co_await db.as(service()).run(kLog, "line " + std::to_string(i - 1)); break;  // fails at Sync: deferred
      default: co_await db.as(service()).run(kFail, "P0001");
    }
  } catch (const pg::Error& e) {
    end = e.sqlstate;
  }
  ++ends[end];
}
Task<> fail_among_others(pg::Db& db, core::Loop& loop, std::map<std::string, int>& ends) {
  core::TaskGroup group(loop);
  for (int i = 0; i < 600; ++i) group.spawn("one", one_of_many(db, i, ends));
  co_await group.join();
}
}  // namespace

TEST_CASE("a failing request does not affect the others on its pipeline") {
  make_schema();
  Stage stage;
  std::map<std::string, int> ends;
  stage([&](pg::Db& db) { return fail_among_others(db, stage.loop, ends); });
  CHECK(ends["22012"] == 50);  // every third of the 150 divisions is by zero
  CHECK(ends["quotient"] == 100);
  CHECK(ends["ok"] == 150);
  CHECK(ends["23505"] == 150);  // the duplicate is found at the commit only
  CHECK(ends["P0001"] == 150);
  CHECK(owner_count("select count(*) from pgtest.log") == 150);
}

TEST_CASE("an error carries its statement, state and constraint") {
  make_schema();
  Stage stage;
  const auto twice = [](pg::Db& db) -> Task<> {
    co_await db.as(service()).run(kLog, "same");
    co_await db.as(service()).run(kLog, "same");
  };
  try {
    stage(twice);
    FAIL("the second line was taken");
  } catch (const pg::Error& e) {
    CHECK(e.statement == "test.log");
    CHECK(e.sqlstate == "23505");
    CHECK(e.constraint == "log_line_key");
  }
}

namespace {
struct Wrong {
  std::string id;
  std::string title;
};
struct Short {
  std::int64_t id;
};
constexpr pg::Sql kReturning{"test.returning",
                             "insert into pgtest.notes (user_id, title) values ($1, $2) returning id, title"};
constexpr pg::Sql kOther{"test.other", "insert into pgtest.notes (user_id, title) values ($1, $2) returning id"};

template <class R, class... A>
std::string rejection(Stage& stage, const pg::Sql& sql, const A&... args) {
  try {
    stage([&](pg::Db& db) -> Task<> { co_await db.as(service()).many<R>(sql, args...); });
  } catch (const std::logic_error& e) {
    return e.what();
  }
  return "taken";
}
}  // namespace

TEST_CASE("a statement that does not fit its struct is refused by name before it runs") {
  make_schema();
  for (const bool prepared : {true, false}) {
    auto with = config();
    with.prepared = prepared;
    Stage stage(with);
    const auto user = core::UserId::random();
    CHECK(rejection<Wrong>(stage, kReturning, user, "a").find("test.returning: column 1 (id)") == 0);
    CHECK(
        rejection<Short>(stage, kReturning, user, "a").find("test.returning: the row has 1 fields, the statement 2") ==
        0);
    CHECK(rejection<std::int64_t>(stage, kOther, user).find("test.other: 1 parameters given") == 0);
    CHECK(rejection<std::int64_t>(stage, kOther, 7, "a").find("test.other: ") == 0);
    CHECK(owner_count("select count(*) from pgtest.notes") == 0);
  }
}

TEST_CASE("a statement cannot end its transaction, nor a value hold a NUL byte") {
  make_schema();
  Stage stage;
  const auto run = [&](const char* text) {
    const pg::Sql sql{"test.any", text};
    stage([&](pg::Db& db) -> Task<> { co_await db.as(service()).run(sql); });
  };
  for (const char* text :
       {"begin", "/* x */ COMMIT", "-- y\n rollback", "set role postgres", "copy pgtest.log to stdout"})
    CHECK_THROWS_AS(run(text), std::logic_error);
  const std::string nul("a\0b", 3);
  const auto log_it = [&](pg::Db& db) -> Task<> { co_await db.as(service()).run(kLog, nul); };
  CHECK_THROWS_AS(stage(log_it), pg::Error);
  CHECK(owner_count("select count(*) from pgtest.log") == 0);
}

namespace {
struct Everything {
  bool flag;
  std::int16_t small;
  std::int32_t whole;
  std::int64_t big;
  double real;
  std::string text;
  core::Uuid uuid;
  core::Time time;
  pg::Json json;
  pg::Bytes bytes;
  std::vector<std::string> texts;
  std::vector<core::Uuid> uuids;
  std::vector<std::int64_t> numbers;
  std::optional<std::string> nothing;
  std::optional<std::vector<std::string>> empty;
};
constexpr pg::Sql kEcho{"test.echo", R"sql(
  select $1::bool, $2::int2, $3::int4, $4::int8, $5::float8, $6::text, $7::uuid, $8::timestamptz, $9::jsonb, $10::bytea,
         $11::text[], $12::uuid[], $13::int8[], $14::text, $15::text[]
)sql"};
constexpr pg::Sql kNull{"test.null", "select null::text as hole"};
constexpr pg::Sql kThree{"test.three", "select generate_series(1, 3)"};
}  // namespace

TEST_CASE("each type survives a round trip") {
  make_schema();
  Stage stage;
  const auto uuid = core::Uuid::random();
  const core::Time time{std::chrono::microseconds{1767225845123456}};
  const std::string bytes("\0\x01\xff\\", 4);
  const std::vector<std::string> texts{"", "NULL", "a,b", "\"q\"", "back\\slash", "{curly}", "über"};
  const auto echo = [&](pg::Db& db) -> Task<Everything> {
    co_return co_await db.as(service()).one<Everything>(
        kEcho, true, std::int16_t{-2}, 3, std::int64_t{-9007199254740993}, 0.1, "it's", uuid, time,
        pg::Json{R"({"a": [1, null]})"}, pg::Bytes{bytes}, texts, std::vector<core::Uuid>{uuid, uuid},
        std::vector<std::int64_t>{1, -2}, std::nullopt, std::vector<std::string>{});
  };
  const Everything got = stage(echo);
  CHECK(got.flag);
  CHECK(got.small == -2);
  CHECK(got.whole == 3);
  CHECK(got.big == -9007199254740993);
  CHECK(got.real == 0.1);
  CHECK(got.text == "it's");
  CHECK(got.uuid == uuid);
  CHECK(got.time == time);
  CHECK(got.json.text == R"({"a": [1, null]})");
  CHECK(got.bytes.bytes == bytes);
  CHECK(got.texts == texts);
  CHECK(got.uuids == std::vector<core::Uuid>{uuid, uuid});
  CHECK(got.numbers == std::vector<std::int64_t>{1, -2});
  CHECK_FALSE(got.nothing.has_value());
  CHECK(got.empty == std::vector<std::string>{});
}

TEST_CASE("a null in a field that is not optional, or too many rows, is a std::logic_error") {
  Stage stage;
  const auto null = [](pg::Db& db) -> Task<> { co_await db.as(service()).one<std::string>(kNull); };
  CHECK_THROWS_WITH_AS(stage(null), "test.null: column 1 (hole) is null, and its field is not std::optional",
                       std::logic_error);
  const auto maybe = [](pg::Db& db) -> Task<> { co_await db.as(service()).one<std::optional<std::string>>(kNull); };
  CHECK_NOTHROW(stage(maybe));
  const auto three = [](pg::Db& db) -> Task<> { co_await db.as(service()).maybe<std::int32_t>(kThree); };
  CHECK_THROWS_WITH_AS(stage(three), "test.three: expected at most one row, got 3", std::logic_error);
}

namespace {
// Other than those that the client prepares for itself.
constexpr pg::Sql kPrepared{"test.prepared",
                            "select count(*) from pg_prepared_statements where name not in ('tenon_setup', "
                            "'tenon_settings', 'tenon_settings_reset', 'tenon_overrides')"};
constexpr pg::Sql kWide{"test.wide", "select * from pgtest.wide"};
}  // namespace

TEST_CASE("prepared statements are bounded, and none is left when they are off") {
  for (const bool prepared : {true, false}) {
    auto with = config();
    with.prepared = prepared;
    Stage stage(with);
    const auto many = [](pg::Db& db) -> Task<std::int64_t> {
      for (int i = 0; i < 700; ++i) {
        const std::string text = "select " + std::to_string(i);
        const pg::Sql sql{"test.number", text};
        const auto rows = co_await db.as(service()).rows(sql, {});
        if (rows.cell(0, 0) != std::to_string(i)) throw std::runtime_error("another statement's answer");
      }
      co_return co_await db.as(service()).one<std::int64_t>(kPrepared);
    };
    const std::int64_t count = stage(many);
    if (prepared) CHECK((count > 200 && count <= 257));
    else CHECK(count == 0);
  }
}

TEST_CASE("a table that changes under a prepared statement does not break it") {
  make_schema();
  Stage stage;
  owner_run("create table pgtest.wide as select 1 as a; grant all on pgtest.wide to service_role");
  const auto width = [](pg::Db& db) -> Task<int> {
    const auto rows = co_await db.as(service()).rows(kWide, {});
    co_return rows.columns();
  };
  const auto width_in_transaction = [](pg::Db& db) -> Task<int> {
    const auto fn = [](pg::Tx& tx) -> Task<int> {
      const auto rows = co_await tx.rows(kWide, {});
      co_return rows.columns();
    };
    co_return co_await db.in(service(), fn);
  };
  CHECK(stage(width) == 1);
  CHECK(stage(width_in_transaction) == 1);
  owner_run("alter table pgtest.wide add b int");
  CHECK(stage(width) == 2);
  CHECK(stage(width_in_transaction) == 2);
}
