#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/loop.h"
#include "core/problem.h"

namespace core {

struct BlockingPool::Impl {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  std::size_t limit = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    for (;;) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return stopping || !queue.empty(); });
        if (queue.empty()) return;
        next = std::move(queue.front());
        queue.pop_front();
      }
      next();
    }
  }
};

BlockingPool::BlockingPool(int threads, int queue_limit) : impl_(std::make_unique<Impl>()) {
  impl_->limit = static_cast<std::size_t>(queue_limit);
  for (int i = 0; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->work(); });
}

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

bool BlockingPool::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->queue.size() >= impl_->limit || impl_->stopping) return false;
    impl_->queue.push_back(std::move(work));
  }
  impl_->wake.notify_one();
  return true;
}

namespace detail {

namespace {
struct OffloadAwaiter {
  BlockingPool& pool;
  std::function<void()>& work;
  Loop& loop = Loop::current();
  std::shared_ptr<TaskContext> mine = task_context();
  std::exception_ptr error;
  bool refused = false;

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    // After a successful submit this frame may already have been resumed by the loop: touch nothing of it.
    const bool taken = pool.submit([this, waiting] {
      try {
        work();
      } catch (...) {
        error = std::current_exception();
      }
      loop.post([waiting] { waiting.resume(); });
    });
    if (!taken) refused = true;
    return taken;
  }
  void await_resume() {
    set_task_context(std::move(mine));
    if (refused) {
      Problem busy(503, "core.busy");
      busy.headers.emplace_back("Retry-After", "5");
      throw busy;
    }
    if (error) std::rethrow_exception(error);
  }
};
}  // namespace

Task<> run_offloaded(BlockingPool& pool, std::function<void()> work) {
  OffloadAwaiter awaiter{pool, work};
  co_await awaiter;
}

}  // namespace detail
}  // namespace core
