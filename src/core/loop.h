// The event loop of one thread. Objects belong to one loop; only post() may be called from another thread. To use io(),
// include core/asio_bridge.h in a .cc of http/ or pg/. Longer than usual: loop, groups and pool are used together.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <vector>

#include "core/task.h"
#include "core/task_context.h"

namespace boost::asio {
class io_context;
}

namespace core {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). An exception that leaves a handler is logged and ends that handler only.
  void run();
  // Runs until `task` has finished and returns its result or throws what it threw. For main, tools and tests.
  template <class T>
  T run_until(Task<T> task);
  void stop();
  // Thread-safe. `fn` runs on this loop, later.
  void post(std::function<void()> fn);

  // The loop whose run() is on this thread's stack; throws std::logic_error when there is none.
  static Loop& current();
  boost::asio::io_context& io();

 private:
  void run_one_task(Task<> task);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Waits on the current loop. Returns false when the task context's stop was requested first.
Task<bool> sleep_for(std::chrono::milliseconds duration);

// Background work that its owner waits for. Not thread-safe: spawn from the owner's loop.
class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  ~TaskGroup();  // std::terminate when tasks still run: stop_and_join() first
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts `task` at once, with a fresh context (or the given one). An exception is logged as `name`.failed.
  void spawn(const char* name, Task<> task, std::shared_ptr<TaskContext> context = nullptr);
  // Requests the stop of every task's context.
  void request_stop();
  // Waits until all have ended.
  Task<> join();
  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A one-loop wake-up: wait() returns after the next set(), or at once when set() came since the last wait().
class Event {
 public:
  Event();
  ~Event();
  void set();
  // False when the time was over, or the task context's stop was requested, before set().
  Task<bool> wait(std::chrono::milliseconds at_most);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Bounded pool of threads for what blocks: password hashing, fsync, compression. Shared by all loops.
class BlockingPool {
 public:
  BlockingPool(int threads, int queue_limit);
  ~BlockingPool();
  // False when the queue is full: the caller answers 503.
  [[nodiscard]] bool submit(std::function<void()> work);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

namespace detail {
// Runs work on the pool and resumes on the loop that awaited. Throws Problem 503 busy when the pool's queue is full.
Task<> run_offloaded(BlockingPool& pool, std::function<void()> work);
}  // namespace detail

// Calls fn() on the pool, resumes on the current loop with its result; what fn throws is thrown here.
template <class Fn, class R = std::invoke_result_t<Fn&>>
Task<R> offload(BlockingPool& pool, Fn fn) {
  if constexpr (std::is_void_v<R>) {
    std::function<void()> work = [&fn] { fn(); };
    co_await detail::run_offloaded(pool, std::move(work));
  } else {
    std::optional<R> result;
    std::function<void()> work = [&] { result.emplace(fn()); };
    co_await detail::run_offloaded(pool, std::move(work));
    co_return std::move(*result);
  }
}

template <class T>
T Loop::run_until(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    run_one_task(std::move(task));
  } else {
    std::optional<T> result;
    auto wrap = [](Task<T> inner, std::optional<T>& out) -> Task<> { out.emplace(co_await inner); };
    run_one_task(wrap(std::move(task), result));
    return std::move(*result);
  }
}

}  // namespace core
