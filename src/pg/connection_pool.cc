#include "pg/connection_pool.h"

#include <algorithm>

#include "core/log.h"
#include "pg/reconnect_delay.h"

namespace pg::detail {

namespace {

Instant now_() { return std::chrono::steady_clock::now(); }

// Suspends until ConnectionPool::end. `submit` enqueues the waiting object and never resumes the caller itself.
template <class Submit>
struct Suspend {
  Waiting& waiting;
  Submit submit;
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    waiting.coroutine = coroutine;
    waiting.context = core::task_context();
    waiting.done = false;
    submit();
    return true;
  }
  void await_resume() { core::set_task_context(std::move(waiting.context)); }
};
template <class Submit>
Suspend(Waiting&, Submit) -> Suspend<Submit>;

// A request started after the stop runs to its end, as clean-up must, unless the whole task is expendable.
void prepare(PipelineRequest& request) {
  const core::TaskContext& caller = *core::task_context();
  request.cancellable = request.cancellable && (caller.expendable || !caller.stop.stop_requested());
  request.outcome = Outcome::unsent;
}

}  // namespace

ConnectionPool::ConnectionPool(core::Loop& loop, Config config)
    : loop_(loop), config_(std::move(config)), timer_(loop.io()), wanted_shared_(config_.shared_pipelines) {}

ConnectionPool::~ConnectionPool() {
  timer_.cancel();
  if (probe_) probe_->close();
  for (const auto* connections : {&shared_, &exclusive_, &connecting_})
    for (const auto& connection : *connections) {
      connection->detach();
      connection->drop("closed");
    }
}

void ConnectionPool::start() {
  if (std::exchange(started_, true)) return;
  connect_missing();
  arm();
}

Instant ConnectionPool::deadline() const {
  // During a long outage fail fast instead of waiting four seconds.
  const bool long_gone = down_since_ != Instant{} && now_() - down_since_ > kWaitForConnection;
  return now_() + (long_gone ? milliseconds{500} : kWaitForConnection);
}

// A server that sent anything during the wait is up, only busy. A frozen one has sent nothing.
Unavailable ConnectionPool::none_free(const Waiting& waiting) const {
  if (waiting.over_share)
    return Unavailable("the caller's share of the database is taken", Unavailable::Why::over_share);
  const Instant since = now_() - kWaitForConnection;
  const auto is_active = [since](const auto& connections) {
    return std::ranges::any_of(connections, [since](const auto& connection) {
      return connection->is_up() && connection->last_received() > since;
    });
  };
  const bool server_is_up = !closing_ && (is_active(shared_) || is_active(exclusive_));
  return Unavailable("no database connection came free in time",
                     server_is_up ? Unavailable::Why::none_free : Unavailable::Why::out_of_reach);
}

core::Task<> ConnectionPool::run(PipelineRequest& request) {
  prepare(request);
  Caller& caller = callers_.arrive(core::task_context()->caller);
  request.caller = &caller;
  co_await Suspend{request, [this, &request, &caller] {
                     start();
                     request.over_share = !callers_.may_wait(caller, caller.requests.size());
                     if (closing_ || request.over_share || waiting_.size() >= kWaiting) return end(request);
                     waiting_.push(caller, request);
                     send_waiting();
                     arm();
                   }};
  callers_.depart(caller, now_());
}

core::Task<> ConnectionPool::run_on(PipelinedConnection& connection, PipelineRequest& request) {
  prepare(request);
  co_await Suspend{request, [this, &connection, &request] {
                     if (!connection.is_up()) return end(request);
                     connection.send(request);
                     arm();
                   }};
}

core::Task<ConnectionPool::CheckedOut> ConnectionPool::checkout(Instant deadline) {
  CheckoutRequest request;
  request.deadline = deadline;
  Caller& caller = callers_.arrive(core::task_context()->caller);
  request.caller = &caller;
  co_await Suspend{request, [this, &request, &caller] {
                     start();
                     request.over_share = !callers_.may_wait(caller, caller.checkouts.size());
                     if (closing_ || request.over_share || checkout_queue_.size() >= kWaiting) return end(request);
                     checkout_queue_.push(caller, request);
                     serve_checkouts();
                     arm();
                   }};
  if (request.connection) co_return CheckedOut{std::move(request.connection), caller};
  callers_.depart(caller, now_());
  throw none_free(request);
}

void ConnectionPool::check_in(std::shared_ptr<PipelinedConnection> connection, Caller& caller, bool clean) {
  --caller.leases;
  callers_.depart(caller, now_());
  if (clean && connection->is_idle() && !closing_) idle_.push_back(std::move(connection));
  else connection->drop("checked in during a transaction");
  serve_checkouts();
  arm();
}

void ConnectionPool::set_checked(std::string_view text) {
  if (checked_.size() > 4096) checked_.clear();
  checked_.emplace(text);
}

void ConnectionPool::end(Waiting& waiting) {
  if (std::exchange(waiting.done, true)) return;
  ready_.push_back(&waiting);
  settle_soon();
}

// Posted, never called directly: the caller may be suspending, or in the middle of a connection's results.
void ConnectionPool::settle_soon() {
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->settled();
  });
}

void ConnectionPool::finished(PipelineRequest& request) {
  if (request.caller != nullptr) --request.caller->units;
  if (!std::exchange(request.done, true)) ready_.push_back(&request);
}

void ConnectionPool::settled() {
  const auto self = shared_from_this();
  while (!ready_.empty()) {
    for (Waiting* waiting : std::exchange(ready_, {})) {
      core::set_task_context(nullptr);
      waiting->coroutine.resume();
    }
  }
  core::set_task_context(nullptr);
  send_waiting();
  serve_checkouts();
}

// While one pipeline is stalled, each of the others carries one request at a time, since the next may be slow as well.
// With all of them stalled none is chosen: waiting in the queue has a deadline, waiting behind a slow statement has
// not.
PipelinedConnection* ConnectionPool::choose(const Caller& caller, Instant now) {
  if (caller.is_slow(now) && most_pipelines() > 1) return choose_for_slow(now);
  const bool stalled =
      std::ranges::any_of(shared_, [now](const auto& connection) { return connection->is_stalled(now); });
  const std::size_t most = stalled ? 1 : kInFlight;
  PipelinedConnection* best = nullptr;
  for (const auto& connection : shared_) {
    if (!connection->is_up() || connection->in_flight() >= most || connection->has_slow_caller(now)) continue;
    if (best == nullptr || connection->in_flight() < best->in_flight()) best = connection.get();
  }
  if (best == nullptr && std::ranges::any_of(shared_, [now](const auto& connection) {
        return connection->is_stalled(now) || connection->has_slow_caller(now);
      }))
    open_spare();
  return best;
}

// An empty pipeline, and never the last one that is free of slow callers.
PipelinedConnection* ConnectionPool::choose_for_slow(Instant now) {
  PipelinedConnection* empty = nullptr;
  int others = 0;
  for (const auto& connection : shared_) {
    if (!connection->is_up() || connection->has_slow_caller(now)) continue;
    if (empty == nullptr && connection->in_flight() == 0) empty = connection.get();
    else if (!connection->is_stalled(now)) ++others;
  }
  if (empty != nullptr && others > 0) return empty;
  open_spare();
  return nullptr;
}

void ConnectionPool::open_spare() {
  const bool may = wanted_shared_ < most_pipelines();
  if (!may || failures_ > 0 || connecting_shared_ > 0) return;
  ++wanted_shared_;
  connect_missing();
}

void ConnectionPool::send_waiting() {
  const Instant now = now_();
  while (!waiting_.empty()) {
    PipelinedConnection* connection = nullptr;
    bool full = false;  // then a look at the callers behind is in vain, slow ones aside
    PipelineRequest* const request = waiting_.pop([&](const Caller& caller) {
      if (full || !callers_.may_send(caller, now)) return false;
      connection = choose(caller, now);
      full = connection == nullptr && !caller.is_slow(now);
      return connection != nullptr;
    });
    if (request == nullptr) return;
    ++request->caller->units;
    connection->send(*request);
  }
}

// Of several connections, one caller has half, and who is alone leaves one.
int ConnectionPool::most_leases() const {
  const int all = config_.checkout_connections;
  return std::max(1, callers_.is_alone() ? all - 1 : all / 2);
}

bool ConnectionPool::may_check_out(const Caller& caller) const {
  return !caller.bounded || caller.leases < most_leases();
}

// Gives the connection to the next transaction. False when none waits that may have it.
bool ConnectionPool::hand_over(const std::shared_ptr<PipelinedConnection>& connection) {
  CheckoutRequest* const request = checkout_queue_.pop([this](const Caller& caller) { return may_check_out(caller); });
  if (request == nullptr) return false;
  ++request->caller->leases;
  request->connection = connection;
  end(*request);
  return true;
}

void ConnectionPool::serve_checkouts() {
  while (!checkout_queue_.empty() && !idle_.empty()) {
    const auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (!connection->is_idle()) {
      connection->drop("not idle");
      continue;
    }
    if (!hand_over(connection)) {
      idle_.push_back(connection);
      return;
    }
  }
  if (!checkout_queue_.empty()) connect_missing();
}

// How many transactions wait that may have a connection.
int ConnectionPool::missing_checkouts() const {
  int missing = 0;
  for (const Caller* caller : checkout_queue_.callers()) {
    const int waiting = static_cast<int>(caller->checkouts.size());
    missing += caller->bounded ? std::clamp(most_leases() - caller->leases, 0, waiting) : waiting;
  }
  return missing;
}

void ConnectionPool::connect_missing() {
  if (closing_ || now_() < next_attempt_) return;
  const auto may = [this] { return failures_ == 0 || connecting_.empty(); };  // during an outage, one attempt at a time
  while (static_cast<int>(shared_.size()) + connecting_shared_ < wanted_shared_ && may())
    connect(PipelinedConnection::Use::shared);
  while (connecting_exclusive_ < missing_checkouts() &&
         static_cast<int>(exclusive_.size()) + connecting_exclusive_ < config_.checkout_connections && may())
    connect(PipelinedConnection::Use::exclusive);
}

void ConnectionPool::connect(PipelinedConnection::Use use) {
  const auto connection = std::make_shared<PipelinedConnection>(loop_, helper_, *this, use, config_);
  ++(use == PipelinedConnection::Use::shared ? connecting_shared_ : connecting_exclusive_);
  connecting_.push_back(connection);
  connection->connect(config_.url, [weak = weak_from_this(), weak_connection = std::weak_ptr(connection), use](
                                       Connect outcome, const std::string& why) {
    const auto self = weak.lock();
    const auto made = weak_connection.lock();
    if (self && made) self->connected(made, use, outcome, why);
  });
}

void ConnectionPool::connected(const std::shared_ptr<PipelinedConnection>& connection, PipelinedConnection::Use use,
                               Connect outcome, const std::string& why) {
  std::erase(connecting_, connection);
  --(use == PipelinedConnection::Use::shared ? connecting_shared_ : connecting_exclusive_);
  if (outcome != Connect::up) {
    // Every attempt of an outage fails alike: log the first.
    if (failures_++ == 0) core::log::warn("pg.connection.failed", {{"why", why}});
    if (down_since_ == Instant{} && shared_.empty() && exclusive_.empty()) down_since_ = now_();
    next_attempt_ = now_() + reconnect_delay(failures_);
    return arm();
  }
  if (failures_ > 0) core::log::info("pg.connection.restored", {{"attempts", failures_}});
  failures_ = 0;
  down_since_ = {};
  next_attempt_ = {};
  if (use == PipelinedConnection::Use::shared) shared_.push_back(connection);
  else {
    exclusive_.push_back(connection);
    if (!hand_over(connection)) idle_.push_back(connection);
  }
  connect_missing();
  settled();
  arm();
}

void ConnectionPool::went_down(PipelinedConnection& connection, const std::string& why) {
  const auto gone = [&connection](const std::shared_ptr<PipelinedConnection>& one) { return one.get() == &connection; };
  const bool was_known = std::erase_if(shared_, gone) + std::erase_if(exclusive_, gone) > 0;
  std::erase_if(idle_, gone);
  if (was_known && !closing_) core::log::warn("pg.connection.lost", {{"why", why}});
  if (!ready_.empty()) settle_soon();
  connect_missing();
  arm();
}

bool ConnectionPool::is_busy() const {
  const auto in_use = [](const auto& connections) {
    return std::ranges::any_of(connections, [](const auto& connection) { return connection->in_flight() > 0; });
  };
  return !waiting_.empty() || !checkout_queue_.empty() || exclusive_.size() > idle_.size() || in_use(shared_) ||
         in_use(exclusive_);
}

}  // namespace pg::detail
