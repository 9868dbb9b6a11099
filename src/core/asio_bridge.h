// For .cc files of core/, http/ and pg/ only: awaits one Asio operation as a Task would.
//   auto [ec, n] = co_await core::asio_wait<boost::system::error_code, std::size_t>(
//       [&](auto done) { socket.async_read_some(buffer, std::move(done)); });
// The operation must complete on the current loop. The handler is copied into Asio; the awaiting frame must live
// until it is called (cancel the operation and await its end before letting go of the frame).
#pragma once

#include <coroutine>
#include <tuple>
#include <utility>

#include "core/task_context.h"

namespace core {

template <class Initiate, class... Results>
class AsioAwaiter {
 public:
  explicit AsioAwaiter(Initiate initiate) : initiate_(std::move(initiate)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    mine_ = task_context();
    initiate_([this, waiting](Results... results) {
      results_ = std::tuple<Results...>(std::move(results)...);
      set_task_context(std::move(mine_));
      waiting.resume();
    });
  }
  auto await_resume() {
    if constexpr (sizeof...(Results) == 1) return std::get<0>(std::move(results_));
    else return std::move(results_);
  }

 private:
  Initiate initiate_;
  std::tuple<Results...> results_{};
  std::shared_ptr<TaskContext> mine_;
};

template <class... Results, class Initiate>
AsioAwaiter<Initiate, Results...> asio_wait(Initiate initiate) {
  return AsioAwaiter<Initiate, Results...>(std::move(initiate));
}

}  // namespace core
