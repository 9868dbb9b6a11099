#include "core/loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <stdexcept>

#include "core/asio_bridge.h"
#include "core/log.h"

namespace core {

namespace {

thread_local Loop* running_loop = nullptr;

// A coroutine that nobody awaits: it owns its frame and calls `done` at its end.
struct Root {
  struct promise_type {
    Root get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

Root start(Task<> task, std::function<void(std::exception_ptr)> done) {
  std::exception_ptr error;
  try {
    co_await task;
  } catch (...) {
    error = std::current_exception();
  }
  {
    Task<> finished = std::move(task);  // the frame goes before `done` may destroy what it refers to
  }
  done(error);
}

std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

struct Loop::Impl {
  boost::asio::io_context io{1};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  Loop* const before = std::exchange(running_loop, this);
  auto guard = boost::asio::make_work_guard(impl_->io);
  impl_->io.restart();
  while (!impl_->io.stopped()) {
    try {
      impl_->io.run();
    } catch (...) {
      log::error("core.loop.handler_threw", {{"what", describe(std::current_exception())}});
    }
  }
  running_loop = before;
}

void Loop::run_one_task(Task<> task) {
  Loop* const before = std::exchange(running_loop, this);
  auto guard = boost::asio::make_work_guard(impl_->io);
  impl_->io.restart();
  bool finished = false;
  std::exception_ptr failure;
  start(std::move(task), [&](std::exception_ptr error) {
    failure = error;
    finished = true;
  });
  while (!finished) {
    try {
      impl_->io.run_one();
    } catch (...) {
      log::error("core.loop.handler_threw", {{"what", describe(std::current_exception())}});
    }
  }
  running_loop = before;
  if (failure) std::rethrow_exception(failure);
}

void Loop::stop() { impl_->io.stop(); }

void Loop::post(std::function<void()> fn) { boost::asio::post(impl_->io, std::move(fn)); }

Loop& Loop::current() {
  if (running_loop == nullptr) throw std::logic_error("no loop runs on this thread");
  return *running_loop;
}

boost::asio::io_context& Loop::io() { return impl_->io; }

namespace {

// Waits for a timer; a stop of the task context cancels it. True when the time passed.
Task<bool> wait_until_stopped(std::shared_ptr<boost::asio::steady_timer> timer) {
  Loop& loop = Loop::current();
  const std::stop_token token = task_context()->stop.get_token();
  if (token.stop_requested()) co_return false;
  // A stop may be requested from another thread: the cancel runs on this loop, on a timer that is still alive.
  std::weak_ptr<boost::asio::steady_timer> weak = timer;
  auto on_stop = [&loop, weak] {
    loop.post([weak] {
      if (const auto alive = weak.lock()) alive->cancel();
    });
  };
  std::stop_callback<decltype(on_stop)> callback(token, std::move(on_stop));
  const boost::system::error_code ec =
      co_await asio_wait<boost::system::error_code>([timer](auto done) { timer->async_wait(std::move(done)); });
  co_return !ec;
}

}  // namespace

Task<bool> sleep_for(std::chrono::milliseconds duration) {
  auto timer = std::make_shared<boost::asio::steady_timer>(Loop::current().io(), duration);
  co_return co_await wait_until_stopped(std::move(timer));
}

struct TaskGroup::State {
  explicit State(Loop& on) : loop(&on) {}
  Loop* loop;
  std::list<std::shared_ptr<TaskContext>> running;
  std::vector<std::coroutine_handle<>> joiners;
};

TaskGroup::TaskGroup(Loop& loop) : state_(std::make_shared<State>(loop)) {}

TaskGroup::~TaskGroup() {
  if (!state_->running.empty()) {
    log::error("core.task_group.left_running", {{"tasks", state_->running.size()}});
    std::terminate();
  }
}

void TaskGroup::spawn(const char* name, Task<> task, std::shared_ptr<TaskContext> mine) {
  if (!mine) mine = std::make_shared<TaskContext>();
  state_->running.push_front(mine);
  const auto place = state_->running.begin();
  TaskContextScope scope(mine);
  // A task may be spawned before the loop runs: its first waits must still belong to that loop.
  Loop* const before = std::exchange(running_loop, state_->loop);
  start(std::move(task), [state = state_, place, name](std::exception_ptr error) {
    if (error) log::error("core.task.failed", {{"task", name}, {"what", describe(error)}});
    state->running.erase(place);
    if (!state->running.empty()) return;
    for (const auto joiner : std::exchange(state->joiners, {})) state->loop->post([joiner] { joiner.resume(); });
  });
  running_loop = before;
}

void TaskGroup::request_stop() {
  const auto running = state_->running;  // a copy: a stop may end a task at once and remove it from the list
  for (const auto& one : running) one->stop.request_stop();
}

Task<> TaskGroup::join() {
  struct Joiner {
    State& state;
    std::shared_ptr<TaskContext> mine = task_context();
    bool await_ready() const { return state.running.empty(); }
    void await_suspend(std::coroutine_handle<> waiting) { state.joiners.push_back(waiting); }
    void await_resume() { set_task_context(std::move(mine)); }
  };
  const std::shared_ptr<State> state = state_;
  while (!state->running.empty()) {
    Joiner joiner{*state};
    co_await joiner;
  }
}

std::size_t TaskGroup::size() const { return state_->running.size(); }

struct Event::State {
  bool is_set = false;
  std::shared_ptr<boost::asio::steady_timer> timer;
};

Event::Event() : state_(std::make_shared<State>()) {}
Event::~Event() = default;

void Event::set() {
  state_->is_set = true;
  if (state_->timer) state_->timer->cancel();
}

Task<bool> Event::wait(std::chrono::milliseconds at_most) {
  const std::shared_ptr<State> state = state_;
  if (!state->is_set) {
    state->timer = std::make_shared<boost::asio::steady_timer>(Loop::current().io(), at_most);
    co_await wait_until_stopped(state->timer);
    state->timer.reset();
  }
  co_return std::exchange(state->is_set, false);
}

}  // namespace core
