#include <memory>
#include <set>
#include <string>

#include "outbox/outbox.h"
#include "support/app.h"
#include "support/wait.h"

using core::Task;
using outbox::Delivery;
using outbox::Item;
using outbox::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

struct OutboxApp : support::App {
  OutboxApp() {
    dispatcher = make_dispatcher("first");
    owner.script("delete from tenon.outbox_ready; delete from tenon.outbox_leases; delete from tenon.outbox");
  }
  ~OutboxApp() override { close(); }
  std::unique_ptr<outbox::OutboxDispatcher> make_dispatcher(const char* name) {
    return std::make_unique<outbox::OutboxDispatcher>(loop, db(), listener(), name);
  }
  void put(int n, const std::string& kind = "count", const std::string& lane = "noop") {
    static constexpr auto all = [](pg::Tx& tx, std::string to, std::string what, int many) -> Task<> {
      for (int i = 0; i < many; ++i)
        co_await outbox::put(tx, to, what, std::nullopt, "{\"n\":" + std::to_string(i) + "}");
    };
    loop.run_until(db().in(pg::as_service("a test puts"), all, lane, kind, n));
  }
  std::unique_ptr<outbox::OutboxDispatcher> dispatcher;
};

// Counts each row's deliveries.
outbox::DeliveryHandler counting(std::multiset<std::int64_t>& seen) {
  return [&seen](const Item& item) -> Task<Delivery> {
    seen.insert(item.payload["n"].integer().value_or(-1));
    co_return Delivery{};
  };
}

Task<> run(outbox::OutboxDispatcher& dispatcher) { co_await dispatcher.run(); }

}  // namespace

TEST_CASE("every row is delivered once and closed, in far fewer round trips than rows") {
  OutboxApp app;
  std::multiset<std::int64_t> seen;
  app.dispatcher->lane("noop", 1e6, 500);
  app.dispatcher->on("count", counting(seen));
  app.put(1200);
  const auto start = steady_clock::now();
  CHECK(app.loop.run_until(app.dispatcher->drain()) == 1200);
  const std::chrono::duration<double> took = steady_clock::now() - start;
  MESSAGE("1200 rows in " << took.count() * 1000 << " ms");
  CHECK(seen.size() == 1200);
  CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 1200);
  CHECK(app.scalar("select count(*) from tenon.outbox where state = 'done'") == "1200");
  CHECK(app.scalar("select count(*) from tenon.outbox_leases") == "0");
}

TEST_CASE("a row put in a transaction that rolls back is never delivered") {
  OutboxApp app;
  std::multiset<std::int64_t> seen;
  app.dispatcher->lane("noop", 1e6, 500);
  app.dispatcher->on("count", counting(seen));
  static constexpr auto fail = [](pg::Tx& tx) -> Task<> {
    co_await outbox::put(tx, "noop", "count", std::nullopt, "{}");
    throw std::runtime_error("no");
  };
  CHECK_THROWS(app.loop.run_until(app.db().in(pg::as_service("a test puts"), fail)));
  CHECK(app.loop.run_until(app.dispatcher->drain()) == 0);
  CHECK(seen.empty());
}

TEST_CASE("a destination's rate is kept") {
  OutboxApp app;
  std::multiset<std::int64_t> seen;
  app.dispatcher->lane("noop", 20, 5);
  app.dispatcher->on("count", counting(seen));
  app.put(25);
  const auto start = steady_clock::now();
  CHECK(app.loop.run_until(app.dispatcher->drain()) == 25);
  const std::chrono::duration<double> took = steady_clock::now() - start;
  CHECK(took.count() >= 0.95);  // 5 at once, 20 more at 20 a second
  CHECK(took.count() < 6);
}

TEST_CASE("a delivery whose handler throws is retried later, with the reason in the row") {
  OutboxApp app;
  app.dispatcher->lane("noop", 1e6, 500);
  app.dispatcher->on("count", [](const Item&) -> Task<Delivery> {
    throw std::runtime_error("the disk is full");
    co_return Delivery{};
  });
  app.put(1);
  CHECK(app.loop.run_until(app.dispatcher->drain()) == 0);
  CHECK(app.scalar("select state || attempts || last_error from tenon.outbox") == "ready1the disk is full");
  CHECK(app.scalar("select count(*) from tenon.outbox_ready where run_at > now() + interval '2 seconds'") == "1");
}

TEST_CASE("a row whose workers died eight times fails and is not delivered a ninth time") {
  OutboxApp app;
  std::multiset<std::int64_t> seen;
  std::string reported;
  app.dispatcher->lane("noop", 1e6, 500);
  app.dispatcher->on("count", counting(seen), [&reported](const Item&, const std::string& error) -> Task<> {
    reported = error;
    co_return;
  });
  app.put(1);
  app.owner.script("update tenon.outbox set attempts = 8");
  CHECK(app.loop.run_until(app.dispatcher->drain()) == 1);
  CHECK(seen.empty());
  CHECK(reported == "its workers died");
  CHECK(app.scalar("select state from tenon.outbox") == "failed");
}

TEST_CASE("a kind without a handler waits for a worker that has one") {
  OutboxApp app;
  app.dispatcher->lane("noop", 1e6, 500);
  app.put(1, "from_the_future");
  CHECK(app.loop.run_until(app.dispatcher->drain()) == 0);
  CHECK(app.scalar("select state from tenon.outbox") == "ready");
}

TEST_CASE("two dispatchers share the rows and deliver none twice") {
  OutboxApp app;
  std::multiset<std::int64_t> seen;
  const auto second = app.make_dispatcher("second");
  for (outbox::OutboxDispatcher* dispatcher : {app.dispatcher.get(), second.get()}) {
    dispatcher->lane("noop", 1e6, 20);
    dispatcher->on("count", counting(seen));
  }
  app.put(300);
  auto both = [](outbox::OutboxDispatcher& a, outbox::OutboxDispatcher& b, core::Loop& loop) -> Task<> {
    auto drain = [](outbox::OutboxDispatcher& one) -> Task<> { co_await one.drain(); };
    core::TaskGroup group(loop);
    group.spawn("test.a", drain(a));
    group.spawn("test.b", drain(b));
    co_await group.join();
  };
  app.loop.run_until(both(*app.dispatcher, *second, app.loop));
  CHECK(seen.size() == 300);
  CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 300);
}

TEST_CASE("cut connections lose no row, and the dispatcher recovers by itself") {
  OutboxApp app;
  std::multiset<std::int64_t> seen;
  app.dispatcher->lane("noop", 200, 20);
  app.dispatcher->on("count", counting(seen));
  app.put(100);
  auto story = [](OutboxApp& p, std::multiset<std::int64_t>& got) -> Task<> {
    core::TaskGroup group(p.loop);
    group.spawn("test.dispatcher", run(*p.dispatcher));
    co_await support::until([&] { return got.size() >= 30; }, seconds(20));
    p.owner.script(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator' and pid <> "
        "pg_backend_pid()");
    // A claim whose answer was cut off holds its rows until the lease runs out.
    p.owner.script("update tenon.outbox_leases set expires_at = now() - interval '1 second'");
    co_await support::until([&] { return p.scalar("select count(*) from tenon.outbox where state = 'ready'") == "0"; },
                            seconds(20));
    group.request_stop();
    co_await group.join();
  };
  app.loop.run_until(story(app, seen));
  CHECK(app.scalar("select count(*) from tenon.outbox where state = 'done'") == "100");
  CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 100);
}

TEST_CASE("a stopped dispatcher finishes the deliveries under way and claims nothing more") {
  OutboxApp app;
  std::multiset<std::int64_t> seen;
  app.dispatcher->lane("noop", 1000, 4);
  core::Event begun;
  app.dispatcher->on("count", [&](const Item& item) -> Task<Delivery> {
    begun.set();
    co_await core::sleep_for(milliseconds(200));  // a delivery that is under way when the stop comes
    seen.insert(item.id);
    co_return Delivery{};
  });
  app.put(40);
  auto story = [](OutboxApp& p, core::Event& started) -> Task<> {
    core::TaskGroup group(p.loop);
    group.spawn("test.dispatcher", run(*p.dispatcher));
    co_await started.wait(seconds(10));
    group.request_stop();
    co_await group.join();
  };
  app.loop.run_until(story(app, begun));
  CHECK(seen.size() > 0);
  CHECK(seen.size() < 40);
  CHECK(app.scalar("select count(*) from tenon.outbox where state = 'done'") == std::to_string(seen.size()));
  CHECK(app.scalar("select count(*) from tenon.outbox_ready") == std::to_string(40 - seen.size()));
}
