#include "app/worker.h"

#include <sys/prctl.h>

#include <cstdlib>
#include <exception>
#include <future>
#include <thread>

#include "app/signals.h"
#include "core/log.h"
#include "html/site_config.h"
#include "jobs/emails.h"
#include "outbox/outbox.h"
#include "pipeline/pipeline.h"
#include "storage/storage.h"

namespace app {

using core::Task;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kDrain{14};  // an orchestrator kills after 15

// The worker's loop and every module on it, built left to right.
class WorkerLoop {
 public:
  WorkerLoop(const Settings& settings, WorkerOptions options)
      : options_(options),
        db_(loop_, settings.db),
        listener_(loop_, settings.db),
        dispatcher_(loop_, db_, listener_, settings.jobs.worker_id),
        storage_(loop_, disk_, db_, clock_, settings.storage),
        client_(loop_),
        mail_(loop_, client_, db_, settings.mail),
        pipelines_(pipeline::product().pipelines),
        worker_(loop_, db_, listener_, storage_, disk_, pipelines_, settings.jobs) {
    mail::register_deliveries(dispatcher_, mail_, jobs::find_finished_job(db_));
    storage::register_deliveries(dispatcher_, storage_);
  }

  // Throws what kept the queue or the outbox from being emptied.
  void run_once() { loop_.run_until(once()); }
  void run() {
    auto tidy = [](WorkerLoop& self) -> Task<> { co_await self.sweep_now_and_then(); };
    deliveries_.spawn("worker.sweep", tidy(*this));
    auto deliver = [](WorkerLoop& self) -> Task<> { co_await self.dispatcher_.run(); };
    deliveries_.spawn("worker.deliveries", deliver(*this));
    if (!options_.outbox) {
      auto work = [](WorkerLoop& self) -> Task<> { co_await self.worker_.run(); };
      jobs_.spawn("worker.jobs", work(*this));
    }
    loop_.run();
  }
  // From any thread.
  void stop() {
    loop_.post([this] { ending_.spawn("worker.drain", drain()); });
  }

 private:
  Task<> once() {
    std::exception_ptr fault;
    try {
      if (!options_.outbox) co_await worker_.drain();
      co_await dispatcher_.drain();
    } catch (const std::exception&) {
      fault = std::current_exception();
    }
    co_await close();
    if (fault) std::rethrow_exception(fault);
  }
  // Files that no row names: what a crash between writing and committing left.
  Task<> sweep_now_and_then() {
    while (co_await core::sleep_for(5min)) co_await storage::sweep(storage_);
  }
  Task<> drain() {
    worker_.stop();
    deliveries_.request_stop();
    co_await jobs_.join();
    co_await deliveries_.join();
    co_await close();
    loop_.stop();
  }
  Task<> close() {
    co_await listener_.close();
    co_await db_.close();
  }

  WorkerOptions options_;
  core::BlockingPool disk_{2, 256};
  core::Loop loop_;
  core::TaskGroup jobs_{loop_};
  core::TaskGroup deliveries_{loop_};
  core::TaskGroup ending_{loop_};
  core::SystemClock clock_;
  pg::Db db_;
  pg::Listener listener_;
  outbox::OutboxDispatcher dispatcher_;
  storage::Storage storage_;
  http::Client client_;
  mail::Mail mail_;
  jobs::Pipelines pipelines_;
  jobs::Worker worker_;
};

}  // namespace

int worker(const Settings& settings, WorkerOptions options) {
  // Steps run as this user: a tool that was taken over must not read this process's memory or environment.
  ::prctl(PR_SET_DUMPABLE, 0);
  Signals signals;
  html::configure(settings.html);
  WorkerLoop loop(settings, options);
  if (options.once) {
    loop.run_once();
    return 0;
  }
  std::promise<void> over;
  std::thread thread([&loop, &over] {
    loop.run();
    over.set_value();
  });
  core::log::info("app.worker.started", {{"worker", settings.jobs.worker_id}});
  signals.wait();
  core::log::info("app.worker.draining");
  loop.stop();
  if (over.get_future().wait_for(kDrain) == std::future_status::timeout) {
    // The database or Resend does not respond. Unacknowledged work expires with its lease and is repeated under the
    // same keys; the steps die with this process.
    core::log::error("app.worker.drain_cut_off", {{"after_seconds", kDrain.count()}});
    std::_Exit(0);
  }
  thread.join();
  core::log::info("app.worker.stopped");
  return 0;
}

struct WorkerThread::Impl {
  explicit Impl(const Settings& settings) : loop(settings, WorkerOptions{.outbox = settings.outbox_only}) {}
  WorkerLoop loop;
  std::thread thread;
};

WorkerThread::WorkerThread(const Settings& settings) : impl_(std::make_unique<Impl>(settings)) {
  impl_->thread = std::thread([this] { impl_->loop.run(); });
}

WorkerThread::~WorkerThread() {
  impl_->loop.stop();
  impl_->thread.join();
}

}  // namespace app
