// The pool's watch: while anything is under way or missing, a tick ends what waits too long, cancels what nobody
// waits for, and finds out whether a silent server still lives.
#include <algorithm>

#include "core/log.h"
#include "pg/connection_pool.h"

namespace pg::detail {

namespace {

bool is_unwanted(const PipelineRequest& unit) {
  return unit.cancellable && unit.context && unit.context->stop.stop_requested();
}

// Its time counts from when it was sent: behind several slow ones it has waited for theirs, and would take its own as
// well. Who spent the whole of it as the first is ended by the server.
bool is_overdue(const PipelineRequest& unit, milliseconds age, Instant now) {
  const milliseconds limit = statement_timeout(unit.role);
  return unit.cancellable && now - unit.sent > limit && age < limit;
}

}  // namespace

void ConnectionPool::arm() {
  const bool missing = started_ && !closing_ && static_cast<int>(shared_.size()) < wanted_shared_;
  if (armed_ || !(is_busy() || missing || !closers_.empty())) return;
  armed_ = true;
  timer_.expires_after(kTick);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (!self) return;
    self->armed_ = false;
    if (!ec) self->tick();
  });
}

void ConnectionPool::tick() {
  const Instant now = std::chrono::steady_clock::now();
  expire(now);
  for (const auto* pipes : {&shared_, &leased_})
    for (const auto& pipe : std::vector(*pipes)) watch_over(*pipe, now);
  make_way(now);
  connect_missing();
  if (!closers_.empty() && !is_busy())
    for (Waiting* closer : std::exchange(closers_, {})) end(*closer);
  settled();
  arm();
}

void ConnectionPool::expire(Instant now) {
  // Almost always the first is the oldest; a retry keeps its old deadline, so all are looked at.
  for (auto* unit : std::vector(waiting_.begin(), waiting_.end()))
    if (unit->deadline <= now) {
      std::erase(waiting_, unit);
      end(*unit);
    }
  for (auto* request : std::vector(lessees_.begin(), lessees_.end()))
    if (request->deadline <= now) {
      std::erase(lessees_, request);
      end(*request);
    }
}

void ConnectionPool::watch_over(PipelinedConnection& pipe, Instant now) {
  PipelineRequest* const unit = pipe.first();
  const milliseconds age = pipe.first_age(now);
  pipe.is_stalled(now);
  // A cancel that finds the server between two statements is lost: it is sent again while the statement goes on.
  const bool due =
      unit != nullptr && age > 2 * kTick && (!unit->cancel_sent || now - pipe.last_cancel() > kCancelAgain);
  if (due && (is_unwanted(*unit) || is_overdue(*unit, age, now))) {
    unit->cancel_sent = true;
    pipe.cancel_first();
  }
  if (age > kPatience && now - pipe.last_heard() > kPatience) probe(now);
  const milliseconds limit = unit == nullptr ? kConnect : statement_timeout(unit->role);
  if (age > limit + kGrace) pipe.drop("no answer long after the statement's time was over");
}

// With every pipeline stalled and others waiting, the one that has been so for longest is emptied: its statements are
// told that the database is busy.
void ConnectionPool::make_way(Instant now) {
  if (waiting_.empty() || connecting_shared_ > 0) return;
  PipelinedConnection* slowest = nullptr;
  for (const auto& pipe : shared_) {
    if (!pipe->is_stalled(now)) return;
    const PipelineRequest* const unit = pipe->first();
    if (unit == nullptr || !unit->cancellable) continue;
    if (slowest == nullptr || unit->sent < slowest->first()->sent) slowest = pipe.get();
  }
  if (slowest == nullptr) return;
  PipelineRequest& unit = *slowest->first();
  const bool due = slowest->first_age(now) > 2 * kTick && now - unit.sent > kGivesWay;
  if (!due || (unit.cancel_sent && now - slowest->last_cancel() <= kCancelAgain)) return;
  unit.cancel_sent = unit.gave_way = true;
  slowest->cancel_first();
}

// A server that is frozen or cut off breaks no connection. A new connection that gets no answer either tells it from a
// slow statement; then whoever waits is told, instead of waiting for his statement's time to end.
void ConnectionPool::probe(Instant now) {
  if (probe_ || now - last_probe_ < kPatience) return;
  last_probe_ = now;
  probe_ = std::make_shared<PgConnection>(loop_, helper_);
  probe_->connect(config_.url, kProbe, [weak = weak_from_this(), asked = now](Connect outcome, const std::string&) {
    const auto self = weak.lock();
    if (!self) return;
    self->probe_->close();
    self->probe_.reset();
    if (outcome != Connect::timed_out) return;
    for (const auto* pipes : {&self->shared_, &self->leased_})
      for (const auto& pipe : std::vector(*pipes))
        if (pipe->in_flight() > 0 && pipe->last_heard() < asked) pipe->drop("the server does not answer");
    self->settled();
  });
}

core::Task<> ConnectionPool::close() {
  closing_ = true;
  // Units that found no connection yet will find none any more.
  for (PipelineRequest* unit : std::exchange(waiting_, {})) end(*unit);
  for (LeaseRequest* request : std::exchange(lessees_, {})) end(*request);
  if (is_busy()) {
    struct Closing {
      ConnectionPool& pool;
      Waiting& waiting;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> coroutine) {
        waiting.coroutine = coroutine;
        waiting.context = core::task_context();
        pool.closers_.push_back(&waiting);
        pool.arm();
      }
      void await_resume() { core::set_task_context(std::move(waiting.context)); }
    };
    Waiting waiting;
    Closing closing{*this, waiting};
    co_await closing;
  }
  for (auto* pipes : {&shared_, &leased_, &coming_})
    for (const auto& pipe : std::exchange(*pipes, {})) pipe->drop("closed");
  idle_.clear();
}

}  // namespace pg::detail
