// `step <pipeline> <n>`: a step. `worker`: a whole worker by its environment, until it is killed or stopped.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include "core/clock.h"
#include "core/log.h"
#include "core/process.h"
#include "integration/jobs/support/pipelines.h"
#include "jobs/jobs.h"
#include "pg/listener.h"
#include "storage/storage.h"

namespace {

int work() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  core::Env env = core::Env::from_process();
  const jobs::Pipelines pipelines = support::pipelines();
  core::Loop loop;
  core::BlockingPool disk(2, 64);
  core::SystemClock clock;
  const pg::Config config = pg::Config::from(env);
  pg::Db db(loop, config);
  pg::Listener listener(loop, config);
  storage::Storage storage(loop, disk, db, clock, storage::Config::from(env));
  jobs::Worker worker(loop, db, listener, storage, disk, pipelines, jobs::Config::from(env));
  std::jthread waiter([&] {
    int got = 0;
    sigwait(&ends, &got);
    loop.post([&worker] { worker.stop(); });
  });
  const auto all = [&]() -> core::Task<> {
    co_await worker.run();
    co_await listener.close();
    co_await db.close();
  };
  loop.run_until(all());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = core::confined_exec(argc, argv)) return *status;
  if (argc == 4 && std::strcmp(argv[1], "step") == 0) return jobs::step_main(support::pipelines(), argv[2], argv[3]);
  if (argc == 2 && std::strcmp(argv[1], "worker") == 0) return work();
  std::fprintf(stderr, "usage: jobs_test_child step PIPELINE N | worker\n");
  return 64;
}
