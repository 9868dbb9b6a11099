#include "pg/connection_pool.h"

#include <algorithm>
#include <random>

#include "core/log.h"

namespace pg::detail {

namespace {

Instant now_() { return std::chrono::steady_clock::now(); }

// Suspends until ConnectionPool::end. `submit` hands the waiting object over and never resumes the caller itself.
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

// What is begun after the stop runs to its end, as what tidies up must; but for him whose whole work nobody wants.
void prepare(PipelineRequest& unit) {
  const core::TaskContext& asker = *core::task_context();
  unit.cancellable = unit.cancellable && (asker.expendable || !asker.stop.stop_requested());
  unit.outcome = Outcome::unsent;
}

// Doubles from 50 ms and stays below half a second, so that a server that returns is used again within a second. The
// jitter keeps processes from coming back in step.
milliseconds back_off(int failures) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int base = 50 << std::min(failures - 1, 3);
  return milliseconds{base * std::uniform_int_distribution<int>(75, 120)(random) / 100};
}

}  // namespace

ConnectionPool::ConnectionPool(core::Loop& loop, Config config)
    : loop_(loop), config_(std::move(config)), timer_(loop.io()), wanted_shared_(config_.shared_pipelines) {}

ConnectionPool::~ConnectionPool() {
  timer_.cancel();
  if (probe_) probe_->close();
  for (const auto* pipes : {&shared_, &leased_, &coming_})
    for (const auto& pipe : *pipes) {
      pipe->detach();
      pipe->drop("closed");
    }
}

void ConnectionPool::start() {
  if (std::exchange(started_, true)) return;
  connect_missing();
  arm();
}

Instant ConnectionPool::deadline() const {
  // In the middle of a long outage an answer now is worth more than a connection in four seconds.
  const bool long_gone = down_since_ != Instant{} && now_() - down_since_ > kWaitForConnection;
  return now_() + (long_gone ? milliseconds{500} : kWaitForConnection);
}

// A server that spoke to anybody while he waited is there, only busy. A frozen one has said nothing since.
Unavailable ConnectionPool::none_free() const {
  const Instant since = now_() - kWaitForConnection;
  const auto speaks = [since](const auto& pipes) {
    return std::ranges::any_of(pipes,
                               [since](const auto& pipe) { return pipe->is_up() && pipe->last_heard() > since; });
  };
  const bool there = !closing_ && (speaks(shared_) || speaks(leased_));
  return Unavailable("no database connection came free in time",
                     there ? Unavailable::Why::none_free : Unavailable::Why::out_of_reach);
}

core::Task<> ConnectionPool::run(PipelineRequest& unit) {
  prepare(unit);
  co_await Suspend{unit, [this, &unit] {
                     start();
                     if (closing_ || waiting_.size() >= kWaiting) return end(unit);
                     waiting_.push_back(&unit);
                     send_waiting();
                     arm();
                   }};
}

core::Task<> ConnectionPool::run_on(PipelinedConnection& pipe, PipelineRequest& unit) {
  prepare(unit);
  co_await Suspend{unit, [this, &pipe, &unit] {
                     if (!pipe.is_up()) return end(unit);
                     pipe.send(unit);
                     arm();
                   }};
}

core::Task<std::shared_ptr<PipelinedConnection>> ConnectionPool::lease(Instant deadline) {
  LeaseRequest request;
  request.deadline = deadline;
  co_await Suspend{request, [this, &request] {
                     start();
                     if (closing_ || lessees_.size() >= kWaiting) return end(request);
                     lessees_.push_back(&request);
                     serve_lessees();
                     arm();
                   }};
  if (!request.pipe) throw none_free();
  co_return std::move(request.pipe);
}

void ConnectionPool::give_back(std::shared_ptr<PipelinedConnection> pipe, bool clean) {
  if (clean && pipe->is_idle() && !closing_) idle_.push_back(std::move(pipe));
  else pipe->drop("given back in the middle of a transaction");
  serve_lessees();
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

// Never at once: the caller may be in the middle of its own suspension, or of a pipe's answers.
void ConnectionPool::settle_soon() {
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->settled();
  });
}

void ConnectionPool::finished(PipelineRequest& unit) {
  if (!std::exchange(unit.done, true)) ready_.push_back(&unit);
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
  serve_lessees();
}

// While one is stalled each carries a unit at a time, for the next may be slow as well; so none while all are: to wait
// for a place, with a deadline, is better than to wait behind a slow statement.
PipelinedConnection* ConnectionPool::choose(Instant now) {
  const bool stalled = std::ranges::any_of(shared_, [now](const auto& pipe) { return pipe->is_stalled(now); });
  const std::size_t most = stalled ? 1 : kInFlight;
  PipelinedConnection* best = nullptr;
  for (const auto& pipe : shared_) {
    if (!pipe->is_up() || pipe->in_flight() >= most) continue;
    if (best == nullptr || pipe->in_flight() < best->in_flight()) best = pipe.get();
  }
  if (best == nullptr && stalled) open_spare();
  return best;
}

void ConnectionPool::open_spare() {
  const bool may = wanted_shared_ < config_.shared_pipelines + config_.spare_pipelines;
  if (!may || failures_ > 0 || connecting_shared_ > 0) return;
  ++wanted_shared_;
  connect_missing();
}

void ConnectionPool::send_waiting() {
  const Instant now = now_();
  while (!waiting_.empty()) {
    PipelinedConnection* const pipe = choose(now);
    if (pipe == nullptr) return;
    PipelineRequest* const unit = waiting_.front();
    waiting_.pop_front();
    pipe->send(*unit);
  }
}

void ConnectionPool::serve_lessees() {
  while (!lessees_.empty() && !idle_.empty()) {
    const auto pipe = std::move(idle_.back());
    idle_.pop_back();
    if (!pipe->is_idle()) {
      pipe->drop("not idle");
      continue;
    }
    LeaseRequest* const request = lessees_.front();
    lessees_.pop_front();
    request->pipe = pipe;
    end(*request);
  }
  if (!lessees_.empty()) connect_missing();
}

void ConnectionPool::connect_missing() {
  if (closing_ || now_() < next_attempt_) return;
  const auto may = [this] { return failures_ == 0 || coming_.empty(); };  // one at a time finds out whether it is back
  while (static_cast<int>(shared_.size()) + connecting_shared_ < wanted_shared_ && may())
    connect(PipelinedConnection::Use::shared);
  while (connecting_leased_ < static_cast<int>(lessees_.size()) &&
         static_cast<int>(leased_.size()) + connecting_leased_ < config_.leased_connections && may())
    connect(PipelinedConnection::Use::leased);
}

void ConnectionPool::connect(PipelinedConnection::Use use) {
  const auto pipe = std::make_shared<PipelinedConnection>(loop_, helper_, *this, use, config_.prepared);
  ++(use == PipelinedConnection::Use::shared ? connecting_shared_ : connecting_leased_);
  coming_.push_back(pipe);
  pipe->connect(config_.url, [weak = weak_from_this(), weak_pipe = std::weak_ptr(pipe), use](Connect outcome,
                                                                                             const std::string& why) {
    const auto self = weak.lock();
    const auto made = weak_pipe.lock();
    if (self && made) self->connected(made, use, outcome, why);
  });
}

void ConnectionPool::connected(const std::shared_ptr<PipelinedConnection>& pipe, PipelinedConnection::Use use,
                               Connect outcome, const std::string& why) {
  std::erase(coming_, pipe);
  --(use == PipelinedConnection::Use::shared ? connecting_shared_ : connecting_leased_);
  if (outcome != Connect::up) {
    // Without a server every attempt fails alike: one line for each outage is enough.
    if (failures_++ == 0) core::log::warn("pg.connection.failed", {{"why", why}});
    if (down_since_ == Instant{} && shared_.empty() && leased_.empty()) down_since_ = now_();
    next_attempt_ = now_() + back_off(failures_);
    return arm();
  }
  if (failures_ > 0) core::log::info("pg.connection.restored", {{"attempts", failures_}});
  failures_ = 0;
  down_since_ = {};
  next_attempt_ = {};
  if (use == PipelinedConnection::Use::shared) shared_.push_back(pipe);
  else {
    leased_.push_back(pipe);
    if (LeaseRequest* const request = lessees_.empty() ? nullptr : lessees_.front()) {
      lessees_.pop_front();
      request->pipe = pipe;
      end(*request);
    } else {
      idle_.push_back(pipe);
    }
  }
  connect_missing();
  settled();
  arm();
}

void ConnectionPool::went_down(PipelinedConnection& pipe, const std::string& why) {
  const auto gone = [&pipe](const std::shared_ptr<PipelinedConnection>& one) { return one.get() == &pipe; };
  const bool was_known = std::erase_if(shared_, gone) + std::erase_if(leased_, gone) > 0;
  std::erase_if(idle_, gone);
  if (was_known && !closing_) core::log::warn("pg.connection.lost", {{"why", why}});
  if (!ready_.empty()) settle_soon();
  connect_missing();
  arm();
}

bool ConnectionPool::is_busy() const {
  const auto in_use = [](const auto& pipes) {
    return std::ranges::any_of(pipes, [](const auto& pipe) { return pipe->in_flight() > 0; });
  };
  return !waiting_.empty() || !lessees_.empty() || leased_.size() > idle_.size() || in_use(shared_) || in_use(leased_);
}

}  // namespace pg::detail
