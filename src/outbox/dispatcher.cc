#include <algorithm>
#include <random>
#include <vector>

#include "core/log.h"
#include "outbox/outbox.h"

namespace outbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Instant = Bucket::Instant;

constexpr int kLeaseSeconds = 60;
constexpr int kLargestBatch = 500;
constexpr int kFewestInFlight = 16;
constexpr milliseconds kShortestPoll = 1s;
constexpr milliseconds kLongestPoll = 5s;
constexpr milliseconds kRenewEvery = 15s;
constexpr milliseconds kLongestTrouble = 30s;
constexpr int kTriesAtTheEnd = 3;

constexpr pg::Sql kClaim{"outbox.rows_claim", R"sql(
  select lease_id, id, kind, user_id, payload, attempt from tenon.outbox_claim($1, $2, $3, $4, $5, $6)
)sql"};

struct Claimed {
  std::int64_t lease = 0;
  std::int64_t id = 0;
  std::string kind;
  std::optional<core::UserId> user;
  pg::Json payload;
  std::int32_t attempt = 0;
};

struct Failed {
  std::int64_t id = 0;
  std::string error;
  std::optional<std::int64_t> retry_seconds;  // nothing: for good
  milliseconds pause{0};                      // what its destination asked of the whole lane
};

std::string as_json(const std::vector<Failed>& failed) {
  core::JsonWriter w;
  w.begin_array();
  for (const Failed& f : failed)
    w.begin().field("id", f.id).field("error", f.error).field("retry_seconds", f.retry_seconds).end();
  return w.end_array().take();
}

struct Handler {
  Deliver deliver;
  GaveUp gave_up;
};

struct Lane {
  Lane(core::Loop& loop, std::string lane_name, double per_second, int burst)
      : name(std::move(lane_name)),
        bucket(per_second, burst, std::chrono::steady_clock::now()),
        in_flight_cap(static_cast<std::size_t>(std::clamp(burst, kFewestInFlight, kLargestBatch))),
        deliveries(loop) {}

  std::string name;
  Bucket bucket;
  std::size_t in_flight_cap;
  core::TaskGroup deliveries;
  core::Event wake;
  std::optional<std::int64_t> lease;
  Instant renewed{};
  std::vector<std::int64_t> done;  // results that the next claim carries
  std::vector<Failed> failed;
  int in_trouble = 0;  // claims that failed in a row
};

enum class Until { stopped, empty };

}  // namespace

struct OutboxDispatcher::Impl {
  Impl(core::Loop& on, pg::Db& database, pg::Listener& notices, std::string id)
      : loop(on), db(database), listener(notices), worker(std::move(id)) {}

  Task<> serve(Lane& lane, Until until);
  Task<bool> claim(Lane& lane, int room, int& got);
  Task<> take_in(Lane& lane, int room, int& got);
  Task<> deliver(Lane& lane, Item item);
  Task<Delivery> attempt(const Handler* handler, const Item& item);
  Task<std::optional<std::string>> give_up(const Handler* handler, const Item& item, const std::string& error);
  milliseconds pause_before_next(Lane& lane, milliseconds poll, bool full) const;
  void wake(std::string_view lane);

  core::Loop& loop;
  pg::Db& db;
  pg::Listener& listener;
  std::string worker;
  std::map<std::string, Handler, std::less<>> handlers;
  std::vector<std::unique_ptr<Lane>> lanes;
  std::mt19937_64 dice{std::random_device{}()};
  bool stopping = false;
  bool unreachable = false;  // how drain() ended
  int ended = 0;
};

void OutboxDispatcher::Impl::wake(std::string_view name) {
  for (const auto& lane : lanes)
    if (name.empty() || lane->name == name) lane->wake.set();
}

Task<Delivery> OutboxDispatcher::Impl::attempt(const Handler* handler, const Item& item) {
  if (handler == nullptr) co_return Delivery{Outcome::retry, "nothing here delivers " + item.kind};
  std::string thrown;
  try {
    co_return co_await handler->deliver(item);
  } catch (const std::exception& e) {
    thrown = e.what();
  }
  co_return Delivery{Outcome::retry, thrown.empty() ? std::string{"unknown"} : std::move(thrown)};
}

// What kept the giving up from being written, if anything.
Task<std::optional<std::string>> OutboxDispatcher::Impl::give_up(const Handler* handler, const Item& item,
                                                                 const std::string& error) {
  if (handler == nullptr || !handler->gave_up) co_return std::nullopt;
  std::string thrown;
  try {
    co_await handler->gave_up(item, error);
    co_return std::nullopt;
  } catch (const std::exception& e) {
    thrown = e.what();
  }
  co_return thrown;
}

Task<> OutboxDispatcher::Impl::deliver(Lane& lane, Item item) {
  const auto found = handlers.find(item.kind);
  const Handler* handler = found == handlers.end() ? nullptr : &found->second;
  Delivery result{Outcome::failed, "workers died on it"};
  if (item.attempts < kMaxAttempts) result = co_await attempt(handler, item);
  if (result.pause) lane.bucket.pause(*result.pause, std::chrono::steady_clock::now());
  if (result.per_second && *result.per_second > 0) lane.bucket.refill_at(*result.per_second);

  const int attempts = item.attempts + 1;
  if (result.outcome == Outcome::retry && attempts >= kMaxAttempts) result.outcome = Outcome::failed;
  if (result.outcome == Outcome::failed) {
    const auto kept = co_await give_up(handler, item, result.error);
    if (kept) result = Delivery{Outcome::retry, *kept, 60s};
  }
  if (result.outcome == Outcome::done) {
    lane.done.push_back(item.id);
    ++ended;
  } else if (result.outcome == Outcome::failed) {
    core::log::error("outbox.delivery.given_up",
                     {{"kind", item.kind}, {"row", item.id}, {"attempts", attempts}, {"reason", result.error}});
    lane.failed.push_back({.id = item.id, .error = result.error});
    ++ended;
  } else {
    const double jitter = std::uniform_real_distribution<double>{0, 1}(dice);
    const std::chrono::seconds after = result.after.value_or(back_off(attempts, jitter));
    core::log::warn("outbox.delivery.failed", {{"kind", item.kind},
                                               {"row", item.id},
                                               {"attempt", attempts},
                                               {"retry_seconds", after.count()},
                                               {"reason", result.error}});
    lane.failed.push_back({item.id, result.error, after.count(), result.pause.value_or(0ms)});
  }
  lane.wake.set();
}

// One trip: the results so far go out, up to `room` rows come in under the lane's lease, which it renews.
Task<> OutboxDispatcher::Impl::take_in(Lane& lane, int room, int& got) {
  const std::vector<std::int64_t> done = lane.done;
  const std::vector<Failed> failed = lane.failed;
  const pg::Json failures{as_json(failed)};
  const auto rows = co_await db.as(pg::as_service("the outbox delivers for everybody"))
                        .many<Claimed>(kClaim, lane.name, lane.lease, kLeaseSeconds, room, done, failures);
  lane.done.erase(lane.done.begin(), lane.done.begin() + static_cast<std::ptrdiff_t>(done.size()));
  lane.failed.erase(lane.failed.begin(), lane.failed.begin() + static_cast<std::ptrdiff_t>(failed.size()));
  const Instant now = std::chrono::steady_clock::now();
  lane.renewed = now;
  // Counted from when the row's own wait began, or the lane would wake a moment before it and find nothing due.
  for (const Failed& f : failed) lane.bucket.pause(f.pause, now);
  got = static_cast<int>(rows.size());
  lane.bucket.available(now);
  lane.bucket.take(got);
  for (const Claimed& row : rows) {
    lane.lease = row.lease;
    Item item{row.id, row.kind, row.user, core::Json::parse(row.payload.text).value_or(core::Json{}), row.attempt - 1};
    auto mine = std::make_shared<core::TaskContext>();
    if (item.user) mine->user_id = item.user->str();
    lane.deliveries.spawn("outbox.delivery", deliver(lane, std::move(item)), std::move(mine));
  }
}

// False when the database could not be asked; results stay for the next time.
Task<bool> OutboxDispatcher::Impl::claim(Lane& lane, int room, int& got) {
  std::string reason;
  try {
    co_await take_in(lane, room, got);
    if (lane.in_trouble > 0) core::log::info("outbox.lane.recovered", {{"lane", lane.name}});
    lane.in_trouble = 0;
    co_return true;
  } catch (const std::exception& e) {
    reason = e.what();
  }
  if (lane.in_trouble++ == 0) core::log::warn("outbox.lane.failed", {{"lane", lane.name}, {"reason", reason}});
  co_return false;
}

milliseconds OutboxDispatcher::Impl::pause_before_next(Lane& lane, milliseconds poll, bool full) const {
  if (lane.in_trouble > 0) return std::min<milliseconds>(kLongestTrouble, 250ms * (1 << std::min(lane.in_trouble, 7)));
  if (stopping || lane.deliveries.size() >= lane.in_flight_cap) return kLongestPoll;
  const milliseconds next = lane.bucket.until_next(std::chrono::steady_clock::now());
  return full ? next : std::max(poll, next);
}

Task<> OutboxDispatcher::Impl::serve(Lane& lane, Until until) {
  milliseconds poll = kShortestPoll;
  bool full = true;  // the last claim brought all that was asked for
  while (true) {
    const Instant now = std::chrono::steady_clock::now();
    const bool results = !lane.done.empty() || !lane.failed.empty();
    const std::size_t free = lane.in_flight_cap - std::min(lane.in_flight_cap, lane.deliveries.size());
    const int room = stopping ? 0 : std::min(lane.bucket.available(now), static_cast<int>(free));
    const bool renew = lane.deliveries.size() > 0 && now - lane.renewed > kRenewEvery;
    int got = 0;
    bool asked = false;
    if (room > 0 || results || renew) {
      asked = co_await claim(lane, room, got) && room > 0;
      if (asked) full = got == room;
      poll = got > 0 ? kShortestPoll : std::min<milliseconds>(kLongestPoll, poll * 2);
    }
    const bool idle = lane.deliveries.size() == 0 && lane.done.empty() && lane.failed.empty();
    if (idle && (stopping || (until == Until::empty && asked && got == 0))) co_return;
    if (lane.in_trouble >= kTriesAtTheEnd && lane.deliveries.size() == 0) {
      if (stopping) co_return;  // the rows come back when their lease has run out, and keep their idempotency keys
      if (until == Until::empty) {
        unreachable = true;
        co_return;
      }
    }
    const bool more = got > 0 && full && lane.bucket.available(std::chrono::steady_clock::now()) > 0 &&
                      lane.deliveries.size() < lane.in_flight_cap;
    // A wake-up that finds no room must not wait for the poll once there is room again.
    if (!more && co_await lane.wake.wait(pause_before_next(lane, poll, full))) full = true;
  }
}

OutboxDispatcher::OutboxDispatcher(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::string worker_id)
    : impl_(std::make_unique<Impl>(loop, db, listener, std::move(worker_id))) {
  lane("storage", 100, 100);  // Tenon's own store, which asks for no rate
}

OutboxDispatcher::~OutboxDispatcher() = default;

void OutboxDispatcher::lane(std::string name, double per_second, int burst) {
  auto made = std::make_unique<Lane>(impl_->loop, std::move(name), per_second, burst);
  for (auto& lane : impl_->lanes)
    if (lane->name == made->name) {
      lane = std::move(made);
      return;
    }
  impl_->lanes.push_back(std::move(made));
}

void OutboxDispatcher::on(std::string kind, Deliver deliver, GaveUp gave_up) {
  impl_->handlers.insert_or_assign(std::move(kind), Handler{std::move(deliver), std::move(gave_up)});
}

Task<> OutboxDispatcher::run() {
  Impl& impl = *impl_;
  impl.stopping = false;
  const auto subscription =
      impl.listener.subscribe("tenon_outbox", [&impl](std::string_view lane) { impl.wake(lane); });
  core::TaskGroup group(impl.loop);
  for (const auto& lane : impl.lanes) group.spawn("outbox.lane", impl.serve(*lane, Until::stopped));
  core::log::info("outbox.courier.started", {{"worker", impl.worker}, {"lanes", impl.lanes.size()}});
  while (co_await core::sleep_for(std::chrono::hours{1})) {
  }
  impl.stopping = true;
  impl.wake("");
  co_await group.join();
  core::log::info("outbox.courier.stopped", {{"worker", impl.worker}});
}

Task<int> OutboxDispatcher::drain() {
  Impl& impl = *impl_;
  impl.stopping = impl.unreachable = false;
  const int before = impl.ended;
  core::TaskGroup group(impl.loop);
  for (const auto& lane : impl.lanes) group.spawn("outbox.lane", impl.serve(*lane, Until::empty));
  co_await group.join();
  if (impl.unreachable) throw pg::Unavailable("the outbox cannot reach the database");
  co_return impl.ended - before;
}

}  // namespace outbox
