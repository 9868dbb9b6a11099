#include <algorithm>
#include <map>
#include <vector>

#include "core/jitter.h"
#include "core/log.h"
#include "outbox/outbox.h"
#include "outbox/token_bucket.h"

namespace outbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Instant = TokenBucket::Instant;

constexpr int kLeaseSeconds = 60;
constexpr int kMaxBatch = 500;
constexpr int kMinInFlight = 16;
constexpr milliseconds kMinPoll = 1s;
constexpr milliseconds kMaxPoll = 5s;
constexpr milliseconds kRenewEvery = 15s;
constexpr milliseconds kMaxRetryWait = 30s;
constexpr int kMaxFailuresAtStop = 3;

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
  std::optional<std::int64_t> retry_seconds;  // nothing: failed for good
  milliseconds pause{0};                      // asked of the whole lane
};

std::string as_json(const std::vector<Failed>& failed) {
  core::JsonWriter w;
  w.begin_array();
  for (const Failed& f : failed)
    w.begin().field("id", f.id).field("error", f.error).field("retry_seconds", f.retry_seconds).end();
  return w.end_array().take();
}

struct Handler {
  DeliveryHandler deliver;
  FailureHandler on_failure;
};

struct Lane {
  Lane(core::Loop& loop, std::string lane_name, double per_second, int burst)
      : name(std::move(lane_name)),
        bucket(per_second, burst, std::chrono::steady_clock::now()),
        in_flight_cap(static_cast<std::size_t>(std::clamp(burst, kMinInFlight, kMaxBatch))),
        deliveries(loop) {}

  std::string name;
  TokenBucket bucket;
  std::size_t in_flight_cap;
  core::TaskGroup deliveries;
  core::Event wake;
  std::optional<std::int64_t> lease;
  Instant renewed{};
  std::vector<std::int64_t> done;  // results to report with the next claim
  std::vector<Failed> failed;
  int failed_claims = 0;  // in a row
};

enum class Until { stopped, empty };

}  // namespace

struct OutboxDispatcher::Impl {
  Impl(core::Loop& on, pg::Db& database, pg::Listener& notices, std::string id)
      : loop(on), db(database), listener(notices), worker(std::move(id)) {}

  Task<> serve(Lane& lane, Until until);
  Task<bool> claim(Lane& lane, int room, int& got);
  Task<> report_and_claim(Lane& lane, int room, int& got);
  Task<> deliver(Lane& lane, Item item);
  Task<Delivery> attempt(const Handler* handler, const Item& item);
  Task<std::optional<std::string>> report_failure(const Handler* handler, const Item& item, const std::string& error);
  milliseconds pause_before_next(Lane& lane, milliseconds poll, bool full) const;
  void wake(std::string_view lane);

  core::Loop& loop;
  pg::Db& db;
  pg::Listener& listener;
  std::string worker;
  std::map<std::string, Handler, std::less<>> handlers;
  std::vector<std::unique_ptr<Lane>> lanes;
  bool stopping = false;
  bool unreachable = false;  // how drain() ended
  int ended = 0;
};

void OutboxDispatcher::Impl::wake(std::string_view name) {
  for (const auto& lane : lanes)
    if (name.empty() || lane->name == name) lane->wake.set();
}

Task<Delivery> OutboxDispatcher::Impl::attempt(const Handler* handler, const Item& item) {
  if (handler == nullptr) co_return Delivery{Outcome::retry, "no handler for " + item.kind};
  std::string thrown;
  try {
    co_return co_await handler->deliver(item);
  } catch (const std::exception& e) {
    thrown = e.what();
  }
  co_return Delivery{Outcome::retry, thrown.empty() ? std::string{"unknown"} : std::move(thrown)};
}

// The error that kept the failure handler from finishing, if any.
Task<std::optional<std::string>> OutboxDispatcher::Impl::report_failure(const Handler* handler, const Item& item,
                                                                        const std::string& error) {
  if (handler == nullptr || !handler->on_failure) co_return std::nullopt;
  std::string thrown;
  try {
    co_await handler->on_failure(item, error);
    co_return std::nullopt;
  } catch (const std::exception& e) {
    thrown = e.what();
  }
  co_return thrown;
}

Task<> OutboxDispatcher::Impl::deliver(Lane& lane, Item item) {
  const auto found = handlers.find(item.kind);
  const Handler* handler = found == handlers.end() ? nullptr : &found->second;
  Delivery result{Outcome::failed, "its workers died"};
  if (item.attempts < kMaxAttempts) result = co_await attempt(handler, item);
  if (result.pause) lane.bucket.pause(*result.pause, std::chrono::steady_clock::now());
  if (result.per_second && *result.per_second > 0) lane.bucket.set_rate(*result.per_second);

  const int attempts = item.attempts + 1;
  if (result.outcome == Outcome::retry && attempts >= kMaxAttempts) result.outcome = Outcome::failed;
  if (result.outcome == Outcome::failed) {
    const auto unreported = co_await report_failure(handler, item, result.error);
    if (unreported) result = Delivery{Outcome::retry, *unreported, 60s};
  }
  if (result.outcome == Outcome::done) {
    lane.done.push_back(item.id);
    ++ended;
  } else if (result.outcome == Outcome::failed) {
    core::log::error("outbox.delivery.failed",
                     {{"kind", item.kind}, {"row", item.id}, {"attempts", attempts}, {"reason", result.error}});
    lane.failed.push_back({.id = item.id, .error = result.error});
    ++ended;
  } else {
    const std::chrono::seconds after = result.after.value_or(back_off(attempts, core::jitter()));
    core::log::warn("outbox.delivery.retried", {{"kind", item.kind},
                                                {"row", item.id},
                                                {"attempt", attempts},
                                                {"retry_seconds", after.count()},
                                                {"reason", result.error}});
    lane.failed.push_back({item.id, result.error, after.count(), result.pause.value_or(0ms)});
  }
  lane.wake.set();
}

// One round trip: reports the results so far, renews the lane's lease and claims up to `room` rows under it.
Task<> OutboxDispatcher::Impl::report_and_claim(Lane& lane, int room, int& got) {
  const std::vector<std::int64_t> done = lane.done;
  const std::vector<Failed> failed = lane.failed;
  const pg::Json failures{as_json(failed)};
  const auto rows = co_await db.as(pg::as_service("the outbox delivers for all users"))
                        .many<Claimed>(kClaim, lane.name, lane.lease, kLeaseSeconds, room, done, failures);
  lane.done.erase(lane.done.begin(), lane.done.begin() + static_cast<std::ptrdiff_t>(done.size()));
  lane.failed.erase(lane.failed.begin(), lane.failed.begin() + static_cast<std::ptrdiff_t>(failed.size()));
  const Instant now = std::chrono::steady_clock::now();
  lane.renewed = now;
  // Counted from when the rows' own waits begin; otherwise the lane would wake a moment too early and find nothing.
  for (const Failed& f : failed) lane.bucket.pause(f.pause, now);
  got = static_cast<int>(rows.size());
  lane.bucket.available(now);
  lane.bucket.take(got);
  for (const Claimed& row : rows) {
    lane.lease = row.lease;
    Item item{row.id, row.kind, row.user, core::Json::parse(row.payload.text).value_or(core::Json{}), row.attempt - 1};
    auto context = std::make_shared<core::TaskContext>();
    if (item.user) context->user_id = item.user->str();
    lane.deliveries.spawn("outbox.delivery", deliver(lane, std::move(item)), std::move(context));
  }
}

// False when the database failed; the results are reported with the next claim.
Task<bool> OutboxDispatcher::Impl::claim(Lane& lane, int room, int& got) {
  std::string reason;
  try {
    co_await report_and_claim(lane, room, got);
    if (lane.failed_claims > 0) core::log::info("outbox.lane.recovered", {{"lane", lane.name}});
    lane.failed_claims = 0;
    co_return true;
  } catch (const std::exception& e) {
    reason = e.what();
  }
  if (lane.failed_claims++ == 0) core::log::warn("outbox.lane.failed", {{"lane", lane.name}, {"reason", reason}});
  co_return false;
}

milliseconds OutboxDispatcher::Impl::pause_before_next(Lane& lane, milliseconds poll, bool full) const {
  if (lane.failed_claims > 0)
    return std::min<milliseconds>(kMaxRetryWait, 250ms * (1 << std::min(lane.failed_claims, 7)));
  if (stopping || lane.deliveries.size() >= lane.in_flight_cap) return kMaxPoll;
  const milliseconds next = lane.bucket.until_next(std::chrono::steady_clock::now());
  return full ? next : std::max(poll, next);
}

Task<> OutboxDispatcher::Impl::serve(Lane& lane, Until until) {
  milliseconds poll = kMinPoll;
  bool full = true;  // the last claim filled all the room
  while (true) {
    const Instant now = std::chrono::steady_clock::now();
    const bool results = !lane.done.empty() || !lane.failed.empty();
    const std::size_t free = lane.in_flight_cap - std::min(lane.in_flight_cap, lane.deliveries.size());
    const int room = stopping ? 0 : std::min(lane.bucket.available(now), static_cast<int>(free));
    const bool renew = lane.deliveries.size() > 0 && now - lane.renewed > kRenewEvery;
    int got = 0;
    bool claimed = false;
    if (room > 0 || results || renew) {
      claimed = co_await claim(lane, room, got) && room > 0;
      if (claimed) full = got == room;
      poll = got > 0 ? kMinPoll : std::min<milliseconds>(kMaxPoll, poll * 2);
    }
    const bool idle = lane.deliveries.size() == 0 && lane.done.empty() && lane.failed.empty();
    if (idle && (stopping || (until == Until::empty && claimed && got == 0))) co_return;
    if (lane.failed_claims >= kMaxFailuresAtStop && lane.deliveries.size() == 0) {
      if (stopping) co_return;  // the rows become ready when their lease expires, with the same idempotency keys
      if (until == Until::empty) {
        unreachable = true;
        co_return;
      }
    }
    const bool more = got > 0 && full && lane.bucket.available(std::chrono::steady_clock::now()) > 0 &&
                      lane.deliveries.size() < lane.in_flight_cap;
    // A wake-up without room must not wait for the poll once there is room again.
    if (!more && co_await lane.wake.wait(pause_before_next(lane, poll, full))) full = true;
  }
}

OutboxDispatcher::OutboxDispatcher(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::string worker_id)
    : impl_(std::make_unique<Impl>(loop, db, listener, std::move(worker_id))) {}

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

void OutboxDispatcher::on(std::string kind, DeliveryHandler deliver, FailureHandler on_failure) {
  impl_->handlers.insert_or_assign(std::move(kind), Handler{std::move(deliver), std::move(on_failure)});
}

Task<> OutboxDispatcher::run() {
  Impl& impl = *impl_;
  impl.stopping = false;
  const auto subscription =
      impl.listener.subscribe("tenon_outbox", [&impl](std::string_view lane) { impl.wake(lane); });
  core::TaskGroup group(impl.loop);
  for (const auto& lane : impl.lanes) group.spawn("outbox.lane", impl.serve(*lane, Until::stopped));
  core::log::info("outbox.dispatcher.started", {{"worker", impl.worker}, {"lanes", impl.lanes.size()}});
  while (co_await core::sleep_for(std::chrono::hours{1})) {
  }
  impl.stopping = true;
  impl.wake("");
  co_await group.join();
  core::log::info("outbox.dispatcher.stopped", {{"worker", impl.worker}});
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
