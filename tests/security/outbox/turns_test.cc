// One user's rows must not stand before everybody's, in any lane (docs/spec/security.md 1.11).
#include <string>
#include <vector>

#include "outbox/outbox.h"
#include "support/app.h"

using core::Task;
using outbox::Delivery;
using outbox::Item;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

struct Lanes : support::App {
  Lanes() { owner.script("delete from tenon.outbox_ready; delete from tenon.outbox_leases; delete from tenon.outbox"); }
  ~Lanes() override { close(); }

  void put(const std::string& lane, core::UserId user, int n) {
    static constexpr auto all = [](pg::Tx& tx, std::string to, core::UserId whose, int many) -> Task<> {
      for (int i = 0; i < many; ++i) co_await outbox::put(tx, to, "turn", whose, "{}");
    };
    run(db().in(pg::as_service("a test puts"), all, lane, user, n));
  }
  // The users of a lane's rows in the order of their deliveries, one at a time.
  std::vector<core::UserId> delivered(const std::string& lane) {
    std::vector<core::UserId> order;
    outbox::OutboxDispatcher dispatcher(loop, db(), listener(), "turns");
    dispatcher.lane(lane, 1e6, 1);
    dispatcher.on("turn", [&order](const Item& item) -> Task<Delivery> {
      order.push_back(item.user.value_or(core::UserId{}));
      co_return Delivery{};
    });
    run(dispatcher.drain());
    return order;
  }
};

}  // namespace

TEST_CASE("in every lane a user with one row waits for one row of the user with a hundred, not for all of them") {
  Lanes app;
  for (const char* lane : {"mail", "stripe", "meta", "webhook", "storage", "system"}) {
    CAPTURE(lane);
    const auto flooder = core::UserId::random();
    const auto first = core::UserId::random();
    const auto second = core::UserId::random();
    app.put(lane, flooder, 100);
    app.put(lane, first, 2);
    app.put(lane, second, 1);
    const auto order = app.delivered(lane);
    REQUIRE(order.size() == 103);
    CHECK(order[0] == flooder);
    CHECK(order[1] == first);
    CHECK(order[2] == second);
    CHECK(order[3] == flooder);
    CHECK(order[4] == first);
  }
}

TEST_CASE("rows that come back after a failure take turns too") {
  Lanes app;
  const auto flooder = core::UserId::random();
  const auto other = core::UserId::random();
  app.put("webhook", flooder, 50);
  app.put("webhook", other, 1);
  app.owner.script(
      "update tenon.outbox_ready set turn = null, run_at = now() - interval '1 minute' + id * interval '1 ms'");
  const auto order = app.delivered("webhook");
  REQUIRE(order.size() == 51);
  CHECK(order[1] == other);
}

TEST_CASE("a claim and a put cost the same beside fifty thousand waiting rows") {
  Lanes app;
  app.owner.script(
      "insert into tenon.outbox (lane, kind, user_id) select 'noop', 'turn', md5((n % 50)::text)::uuid "
      "from generate_series(1, 50000) n;"
      "insert into tenon.outbox_ready (lane, run_at, id, owner, turn) "
      "select lane, now(), id, user_id, id from tenon.outbox");
  const auto began = steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    app.put("noop", core::UserId::random(), 1);
    app.owner.query("select count(*) from tenon.outbox_claim('noop', null, 60, 10)");
  }
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  MESSAGE("50 puts and claims in " << took.count() << " ms");
  CHECK(took < milliseconds(500));  // measured: 70 to 150; 670 where a put reads all rows
}
