#include <csignal>
#include <cstdlib>

#include "pg/listener.h"
#include "support/stage.h"

using namespace stage;

namespace {

constexpr pg::Sql kOne{"test.one", "select 1"};
constexpr pg::Sql kBackend{"test.backend", "select pg_backend_pid()"};
constexpr pg::Sql kSleep{"test.sleep", "select pg_sleep($1)::text"};
constexpr pg::Sql kLog{"test.log", "insert into pgtest.log values ($1)"};
constexpr pg::Sql kWriteSlowly{"test.write_slowly", "select pgtest.write_slowly($1, $2)"};
constexpr const char* kEndAll =
    "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'tenon' and pid <> "
    "pg_backend_pid()";

pg::As service() { return pg::as_service("a test acts for nobody"); }

Task<int> one(pg::Db& db) { co_return co_await db.as(service()).one<std::int32_t>(kOne); }

Task<bool> one_answers(pg::Db& db) {
  try {
    co_return co_await one(db) == 1;
  } catch (const pg::Unavailable&) {
    co_return false;
  }
}

// Runs `fn` on a thread of its own as soon as the server executes `pattern`.
std::thread when_running(std::string pattern, std::function<void()> fn) {
  return std::thread([pattern = std::move(pattern), fn = std::move(fn)] {
    const auto start = Clock::now();
    while (seconds_since(start) < 10 && owner_count("select count(*) from pg_stat_activity where state = 'active' and "
                                                    "pid <> pg_backend_pid() and query like '%" +
                                                    pattern + "%' and wait_event = 'PgSleep'") == 0)
      std::this_thread::yield();
    fn();
  });
}

pg::Config by(const Proxy& proxy) {
  auto with = config();
  with.url = with.direct_url = core::Secret(url_by(proxy.port()));
  return with;
}

}  // namespace

TEST_CASE("killed backends are replaced before the next request notices") {
  Stage stage;
  const int before =
      stage([](pg::Db& db) -> Task<int> { co_return co_await db.as(service()).one<std::int32_t>(kBackend); });
  CHECK(owner_count(kEndAll) > 0);
  const int after =
      stage([](pg::Db& db) -> Task<int> { co_return co_await db.as(service()).one<std::int32_t>(kBackend); });
  CHECK(before != after);
}

TEST_CASE("a read that lost its connection is retried once, a write never") {
  make_schema();
  Stage stage;
  const auto read = [](pg::Db& db) -> Task<> { co_await db.as(service()).one<std::string>(kSleep, 1.0); };
  auto killer = when_running("pg_sleep($1)", [] { owner_count(kEndAll); });
  CHECK_NOTHROW(stage(read));
  killer.join();
  killer = when_running("pg_sleep($1)", [] {
    owner_count(kEndAll);
    when_running("pg_sleep($1)", [] { owner_count(kEndAll); }).join();
  });
  CHECK_THROWS_AS(stage(read), pg::Unavailable);
  killer.join();
  // It reads by its words, but the function writes: the second attempt is not allowed to.
  const auto write = [](pg::Db& db) -> Task<> {
    co_await db.as(service()).one<std::string>(kWriteSlowly, 1.0, "slow");
  };
  killer = when_running("write_slowly", [] { owner_count(kEndAll); });
  CHECK_THROWS_AS(stage(write), pg::Unavailable);
  killer.join();
  CHECK(owner_count("select count(*) from pgtest.log") == 0);
}

TEST_CASE("a write whose result was lost is not retried") {
  make_schema();
  Proxy proxy;
  Stage stage(by(proxy));
  CHECK(stage(one) == 1);
  proxy.discard_output();
  std::thread cutter([&] {
    const auto start = Clock::now();
    while (seconds_since(start) < 10 && owner_count("select count(*) from pgtest.log") == 0) std::this_thread::yield();
    proxy.end_connections();
  });
  const auto write = [](pg::Db& db) -> Task<> { co_await db.as(service()).run(kLog, "once"); };
  CHECK_THROWS_AS(stage(write), pg::Unavailable);
  cutter.join();
  CHECK(owner_count("select count(*) from pgtest.log") == 1);
  const auto by_function = [](pg::Db& db, const char* line) -> Task<> {
    co_await db.as(service()).one<std::string>(kWriteSlowly, 0.0, line);
  };
  const auto known = [&](pg::Db& db) { return by_function(db, "its types are known from here on"); };
  CHECK_NOTHROW(stage(known));
  const auto again = [&](pg::Db& db) { return by_function(db, "by a function"); };
  proxy.discard_output();
  std::thread second([&] {
    const auto start = Clock::now();
    while (seconds_since(start) < 10 && owner_count("select count(*) from pgtest.log") < 3) std::this_thread::yield();
    proxy.end_connections();
  });
  CHECK_THROWS_AS(stage(again), pg::Unavailable);
  second.join();
  CHECK(owner_count("select count(*) from pgtest.log") == 3);
}

TEST_CASE("during an outage calls fail within five seconds, and succeed within one second of the database's return") {
  Proxy proxy;
  Stage stage(by(proxy));
  CHECK(stage(one) == 1);
  proxy.cut();
  const auto gone = Clock::now();
  CHECK_FALSE(stage(one_answers));
  CHECK(seconds_since(gone) < 5.0);
  CHECK_FALSE(stage([](pg::Db& db) { return db.ping(); }));
  const auto during = Clock::now();
  CHECK_FALSE(stage(one_answers));  // fails fast during a long outage
  CHECK(seconds_since(during) < 1.0);
  const auto transaction = [](pg::Db& db) -> Task<> {
    const auto fn = [](pg::Tx& tx) -> Task<> { co_await tx.one<std::int32_t>(kOne); };
    co_await db.in(service(), fn);
  };
  CHECK_THROWS_AS(stage(transaction), pg::Unavailable);
  proxy.restore();
  const auto back = Clock::now();
  while (!stage(one_answers)) REQUIRE(seconds_since(back) < 5.0);
  CHECK(seconds_since(back) < 1.0);
  CHECK_NOTHROW(stage(transaction));
  CHECK(stage([](pg::Db& db) { return db.ping(); }));
}

TEST_CASE("a frozen server is distinguished from a slow statement") {
  Proxy proxy;
  Stage stage(by(proxy));
  const auto slow = [](pg::Db& db) -> Task<> { co_await db.as(service()).one<std::string>(kSleep, 4.0); };
  CHECK_NOTHROW(stage(slow));
  const int connections = proxy.accepted();
  const auto write = [](pg::Db& db) -> Task<> { co_await db.as(service()).run(kLog, "never"); };
  proxy.freeze(true);
  const auto start = Clock::now();
  CHECK_THROWS_AS(stage(write), pg::Unavailable);
  CHECK(seconds_since(start) < 5.0);
  proxy.freeze(false);
  const auto back = Clock::now();
  while (!stage(one_answers)) REQUIRE(seconds_since(back) < 5.0);
  CHECK(seconds_since(back) < 1.0);
  CHECK(proxy.accepted() > connections);
}

TEST_CASE("the process survives a restart of the server") {
  Stage stage;
  CHECK(stage(one) == 1);
  const std::string log = url("TENON_TEST_LOG");
  const std::string data = log.substr(0, log.rfind('/')) + "/data";
  const std::string as =
      ::geteuid() == 0 ? "setpriv --reuid=$(stat -c %u " + data + ") --regid=$(stat -c %g " + data + ") --clear-groups "
                       : "";
  const std::string command = "cd / && " + as + url("TENON_TEST_PGBIN") + "/pg_ctl -D " + data + " -m fast -w -l " +
                              log + " -o '-p " + url("TENON_TEST_PORT") + "' restart >/dev/null 2>&1";
  std::atomic<bool> restarted{false};
  std::thread restart([&] {
    CHECK(std::system(command.c_str()) == 0);
    restarted = true;
  });
  int failed = 0;
  while (!restarted) failed += stage(one_answers) ? 0 : 1;
  restart.join();
  const auto back = Clock::now();
  while (!stage(one_answers)) REQUIRE(seconds_since(back) < 5.0);
  CHECK(seconds_since(back) < 1.0);
  MESSAGE(failed << " requests failed during the restart");
}

TEST_CASE("a database that never existed is Unavailable, and the error does not contain its URL") {
  auto with = config();
  with.url = core::Secret("postgresql://user:hunter2@127.0.0.1:1/none");
  Stage stage(with);
  const auto start = Clock::now();
  CHECK_THROWS_AS(stage(one), pg::Unavailable);
  CHECK(seconds_since(start) < 5.0);
  for (const char* text : {"postgresql://user:hunter2@h/db?nonsense=1", "user:hunter2 dbname=x", "password='hunter2"}) {
    try {
      pg::Session session{core::Secret(text)};
      FAIL("connected");
    } catch (const pg::Unavailable& e) {
      CHECK(std::string(e.what()).find("hunter2") == std::string::npos);
    }
  }
}

TEST_CASE("the URL may be a list of key=value, or name a socket") {
  const std::string log = url("TENON_TEST_LOG"), whole = url();
  const auto colon = whole.find(':', whole.find("//") + 2), at = whole.find('@');
  const std::string password = whole.substr(colon + 1, at - colon - 1);
  const std::string rest = " user=authenticator dbname=tenon password=" + password;
  for (const std::string& text : {"host=127.0.0.1 port=" + url("TENON_TEST_PORT") + rest,
                                  "host=" + log.substr(0, log.rfind('/')) + " port=" + url("TENON_TEST_PORT") + rest}) {
    auto with = config();
    with.url = core::Secret(text);
    Stage stage(with);
    CHECK(stage(one) == 1);
  }
}

namespace {
Task<> collect(pg::Listener& listener, Proxy& proxy, std::vector<std::string>& received) {
  core::Event arrived;
  const auto until = [&](std::size_t count) -> Task<> {
    const auto start = Clock::now();
    while (received.size() < count && seconds_since(start) < 5) co_await arrived.wait(std::chrono::milliseconds{100});
  };
  const auto subscription = listener.subscribe("Odd \"channel\"", [&](std::string_view payload) {
    received.emplace_back(payload);
    arrived.set();
  });
  co_await until(1);  // empty: listening has begun
  owner_run("notify \"Odd \"\"channel\"\"\", 'one'; notify other, 'no'");
  co_await until(2);
  proxy.cut();
  owner_run("notify \"Odd \"\"channel\"\"\", 'missed'");
  proxy.restore();
  co_await until(3);  // empty: something may have been missed
  owner_run("notify \"Odd \"\"channel\"\"\", 'two'");
  co_await until(4);
}
}  // namespace

TEST_CASE("a listener reconnects, and signals that notifications may have been missed") {
  Proxy proxy;
  core::Loop loop;
  pg::Listener listener(loop, by(proxy));
  std::vector<std::string> received;
  loop.run_until(collect(listener, proxy, received));
  CHECK(received == std::vector<std::string>{"", "one", "", "two"});
  CHECK(owner_count(
            "select count(*) from pg_stat_activity where query like '%unlisten%' and application_name = 'tenon'") <= 1);
  loop.run_until(listener.close());
}
