// Suspends a coroutine until its connection has something for it, or its deadline passes.
#pragma once

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <memory>
#include <utility>

#include "core/task_context.h"

namespace http::serve {

using SteadyTime = std::chrono::steady_clock::time_point;
enum class Wake { ready, timeout, closed };

class Waiter;

// The awaitable: co_await SuspendUntil{waiter, deadline}.
struct SuspendUntil {
  Waiter& waiter;
  SteadyTime deadline;
  bool await_ready() const noexcept { return false; }
  inline void await_suspend(std::coroutine_handle<> waiting);
  inline Wake await_resume() const noexcept;
};

// Room for one suspended coroutine.
class Waiter {
 public:
  bool waits() const { return static_cast<bool>(handle_); }
  bool overdue(SteadyTime now) const { return handle_ && deadline_ <= now; }
  void shorten(SteadyTime deadline) { deadline_ = std::min(deadline_, deadline); }
  // Resumes the coroutine, if one waits, in its own task context.
  void wake(Wake result) {
    if (!handle_) return;
    result_ = result;
    const core::TaskContextScope scope(std::move(context_));
    std::exchange(handle_, {}).resume();
  }

 private:
  friend struct SuspendUntil;
  std::coroutine_handle<> handle_;
  std::shared_ptr<core::TaskContext> context_;
  SteadyTime deadline_;
  Wake result_ = Wake::ready;
};

void SuspendUntil::await_suspend(std::coroutine_handle<> waiting) {
  waiter.handle_ = waiting;
  waiter.context_ = core::task_context();
  waiter.deadline_ = deadline;
}
Wake SuspendUntil::await_resume() const noexcept { return waiter.result_; }

}  // namespace http::serve
