// The pool's timer, which runs while requests are under way or connections missing: it expires waiters, cancels
// requests that nobody awaits, and probes a silent server.
#include <algorithm>

#include "core/log.h"
#include "pg/connection_pool.h"

namespace pg::detail {

namespace {

bool is_unwanted(const PipelineRequest& request) {
  return request.cancellable && request.context && request.context->stop.stop_requested();
}

// The limit counts from the write, so it includes the time spent behind slow requests of the same pipeline. A request
// that was first for the whole time is ended by the server's statement_timeout.
bool is_overdue(const PipelineRequest& request, milliseconds age, Instant now) {
  const milliseconds limit = statement_timeout(request.role);
  return request.cancellable && now - request.sent > limit && age < limit;
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
  for (const auto* connections : {&shared_, &exclusive_})
    for (const auto& connection : std::vector(*connections)) watch_over(*connection, now);
  for (const auto& connection : shared_) part_slow(*connection, now);
  relieve_stall(now);
  connect_missing();
  if (!closers_.empty() && !is_busy())
    for (Waiting* closer : std::exchange(closers_, {})) end(*closer);
  settled();
  arm();
}

void ConnectionPool::expire(Instant now) {
  waiting_.erase_if([&](const Caller& caller, PipelineRequest& request) {
    if (request.deadline > now) return false;
    request.over_share = !callers_.may_send(caller, now) || (caller.is_slow(now) && caller.units > 0);
    end(request);
    return true;
  });
  checkout_queue_.erase_if([&](const Caller& caller, CheckoutRequest& request) {
    if (request.deadline > now) return false;
    request.over_share = !may_check_out(caller);
    end(request);
    return true;
  });
}

void ConnectionPool::watch_over(PipelinedConnection& connection, Instant now) {
  PipelineRequest* const request = connection.first();
  const milliseconds age = connection.first_age(now);
  connection.is_stalled(now);
  // A cancel that reaches the server between two statements is lost, so it is resent while the statement runs.
  const bool due =
      request != nullptr && age > 2 * kTick && (!request->cancel_sent || now - connection.last_cancel() > kCancelAgain);
  if (due && (is_unwanted(*request) || is_overdue(*request, age, now))) {
    request->cancel_sent = true;
    connection.cancel_first();
  }
  if (age > kSilence && now - connection.last_received() > kSilence) probe(now);
  const milliseconds limit = request == nullptr ? kConnect : statement_timeout(request->role);
  if (age > limit + kGrace) connection.drop("no result long after the statement's timeout");
}

// A request that lasts makes its caller a slow one. With requests of others behind it, it is cancelled, and runs again
// on a pipeline of its own.
void ConnectionPool::part_slow(PipelinedConnection& connection, Instant now) {
  PipelineRequest* const request = connection.first();
  if (request == nullptr || request->caller == nullptr || !request->caller->bounded) return;
  if (connection.first_age(now) < kSlow) return;
  request->caller->slow_until = now + kSlowFor;
  if (!request->cancellable || request->cancel_sent || !connection.carries_others()) return;
  request->cancel_sent = request->parted = true;
  connection.cancel_first();
}

// With every pipeline stalled and requests waiting, cancels the oldest one, so that its pipeline empties. Its requests
// fail as "busy".
void ConnectionPool::relieve_stall(Instant now) {
  if (waiting_.empty() || connecting_shared_ > 0) return;
  PipelinedConnection* slowest = nullptr;
  for (const auto& connection : shared_) {
    if (!connection->is_stalled(now)) return;
    const PipelineRequest* const request = connection->first();
    if (request == nullptr || !request->cancellable) continue;
    if (slowest == nullptr || request->sent < slowest->first()->sent) slowest = connection.get();
  }
  if (slowest == nullptr) return;
  PipelineRequest& request = *slowest->first();
  const bool due = slowest->first_age(now) > 2 * kTick && now - request.sent > kYieldAfter;
  if (!due || (request.cancel_sent && now - slowest->last_cancel() <= kCancelAgain)) return;
  request.cancel_sent = request.yielded = true;
  slowest->cancel_first();
}

// A frozen or disconnected server breaks no connection. A new connection that times out as well distinguishes it from a
// slow statement; requests then fail at once instead of after their statement's timeout.
void ConnectionPool::probe(Instant now) {
  if (probe_ || now - last_probe_ < kSilence) return;
  last_probe_ = now;
  probe_ = std::make_shared<PgConnection>(loop_, helper_);
  probe_->connect(config_.url, kProbe, [weak = weak_from_this(), started = now](Connect outcome, const std::string&) {
    const auto self = weak.lock();
    if (!self) return;
    self->probe_->close();
    self->probe_.reset();
    if (outcome != Connect::timed_out) return;
    for (const auto* connections : {&self->shared_, &self->exclusive_})
      for (const auto& connection : std::vector(*connections))
        if (connection->in_flight() > 0 && connection->last_received() < started)
          connection->drop("the server does not answer");
    self->settled();
  });
}

core::Task<> ConnectionPool::close() {
  closing_ = true;
  // Queued requests will get no connection any more.
  const auto give_up = [this](const Caller&, Waiting& waiting) {
    end(waiting);
    return true;
  };
  waiting_.erase_if(give_up);
  checkout_queue_.erase_if(give_up);
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
  for (auto* connections : {&shared_, &exclusive_, &connecting_})
    for (const auto& connection : std::exchange(*connections, {})) connection->drop("closed");
  idle_.clear();
}

}  // namespace pg::detail
