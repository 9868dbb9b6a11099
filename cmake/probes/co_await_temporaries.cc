// Exits 0 when temporaries of a co_await expression are destroyed exactly once.
#include <coroutine>
#include <utility>

namespace {
int alive = 0;

struct Counted {
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  Counted(Counted&&) noexcept { ++alive; }
  ~Counted() { --alive; }
};

struct Pair {
  Counted first;
  Counted second;
};

struct Task {
  struct promise_type {
    Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

struct Resume {
  bool await_ready() { return false; }
  bool await_suspend(std::coroutine_handle<>) { return false; }
  void await_resume() {}
};

template <class T>
Resume take(T value) {
  (void)value;
  return {};
}

Task use(bool flag) {
  co_await take(Pair{Counted{}, Counted{}});
  Counted local;
  co_await take([local] { return &local; });
  Counted other;
  co_await take(flag ? std::move(local) : Counted{});
}
}  // namespace

int main() {
  Task one = use(true);
  Task two = use(false);
  one.handle.destroy();
  two.handle.destroy();
  return alive == 0 ? 0 : 1;
}
