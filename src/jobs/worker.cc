#include <unistd.h>

#include <algorithm>
#include <coroutine>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "core/log.h"
#include "core/problem.h"
#include "core/task_context.h"
#include "jobs/disk_fault.h"
#include "jobs/runner.h"
#include "jobs/work_dir.h"

namespace jobs {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kLane = "pipeline";
constexpr seconds kHouseEvery{2};
constexpr seconds kPruneEvery{3600};
constexpr seconds kSweepEvery{10};
constexpr milliseconds kTellEvery{100};

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

// Goes on when the loop runs: a worker may be started before it.
struct OnLoop {
  core::Loop& loop;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    loop.post([waiting, mine = core::task_context()] {
      core::set_task_context(mine);
      waiting.resume();
    });
  }
  void await_resume() const noexcept {}
};

std::string job_dir(const std::string& root, const ClaimedJob& job) {
  return (std::filesystem::path(root) / ("j_" + job.id.str() + "-" + std::to_string(job.fence))).string();
}

}  // namespace

struct Worker::Impl {
  Impl(core::Loop& the_loop, pg::Db& the_db, pg::Listener& the_listener, storage::Storage& the_storage,
       core::BlockingPool& the_disk, const Pipelines& the_pipelines, Config the_config)
      : loop(the_loop),
        db(the_db),
        listener(the_listener),
        storage(the_storage),
        disk(the_disk),
        pipelines(the_pipelines),
        config(std::move(the_config)),
        running_jobs(the_loop),
        background(the_loop) {}

  enum class Until { stopped, empty };
  Task<> work(Until until);
  Task<> take_turns(Until until);
  void have_work_dir();
  Task<bool> keep_lease();
  Task<int> claim_free_slots();
  Task<> run_one(std::shared_ptr<Runner> runner, std::string dir);
  Task<> give_up(const Runner& runner, std::string code);
  Task<> reconcile();
  Task<> tell();
  Task<> keep_house_forever();
  Task<> shut_down();
  void interrupt_all(Interrupt why);

  core::Loop& loop;
  pg::Db& db;
  pg::Listener& listener;
  storage::Storage& storage;
  core::BlockingPool& disk;
  const Pipelines& pipelines;
  const Config config;
  core::Event wake;
  core::Event something_moved;
  core::TaskGroup running_jobs;
  core::TaskGroup background;
  std::unique_ptr<WorkDir> work_dir;
  std::map<core::JobId, std::shared_ptr<Runner>> running;
  std::set<core::JobId> moved;
  std::int64_t lease = 0;
  Steady::time_point beat_at{};
  bool stopping = false;
  int settled = 0;
};

Worker::Worker(core::Loop& loop, pg::Db& db, pg::Listener& listener, storage::Storage& storage,
               core::BlockingPool& disk, const Pipelines& pipelines, Config config)
    : impl_(std::make_unique<Impl>(loop, db, listener, storage, disk, pipelines, std::move(config))) {}
Worker::~Worker() = default;

Task<> Worker::run() {
  impl_->stopping = false;
  return impl_->work(Impl::Until::stopped);
}

Task<int> Worker::drain() {
  impl_->settled = 0;
  impl_->stopping = false;
  co_await impl_->work(Impl::Until::empty);
  co_return impl_->settled;
}

void Worker::stop() {
  impl_->stopping = true;
  impl_->wake.set();
}

Task<> Worker::Impl::work(Until until) {
  co_await OnLoop{loop};
  core::log::info("jobs.worker.started", {{"worker", config.worker_id},
                                          {"slots", config.slots},
                                          {"text", "[Worker " + config.worker_id + "] Starting..."}});
  const auto on_ready = [this](std::string_view) { wake.set(); };
  const auto on_cancel = [this](std::string_view id) {
    const auto job = core::JobId::parse(id);
    const auto found = job ? running.find(*job) : running.end();
    if (found != running.end()) found->second->interrupt(Interrupt::cancelled);
  };
  const std::shared_ptr<void> ready = listener.subscribe("tenon_jobs", on_ready);
  const std::shared_ptr<void> cancels = listener.subscribe("tenon_cancel", on_cancel);
  background.spawn("jobs.worker.tell", tell());
  if (until == Until::stopped) background.spawn("jobs.worker.house", keep_house_forever());
  std::exception_ptr fault;
  try {
    co_await take_turns(until);
  } catch (const std::exception&) {
    fault = std::current_exception();
  }
  co_await shut_down();
  if (fault) std::rethrow_exception(fault);
}

Task<> Worker::Impl::take_turns(Until until) {
  milliseconds pause = config.poll;
  bool house_kept = until == Until::stopped;
  Steady::time_point went_well = Steady::now();
  while (!stopping && !core::task_context()->stop.stop_requested()) {
    std::exception_ptr fault;
    bool outage = false;
    int claimed = 0;
    try {
      if (!house_kept) co_await keep_house(db, config.external_lease_seconds);
      house_kept = true;
      if (co_await keep_lease()) {
        have_work_dir();
        claimed = co_await claim_free_slots();
      }
      went_well = Steady::now();
    } catch (const std::exception& e) {
      fault = std::current_exception();
      outage = dynamic_cast<const pg::Unavailable*>(&e) != nullptr;
      core::log::warn("jobs.claim.failed", {{"worker", config.worker_id}, {"what", e.what()}});
    }
    // Who waits for drain() is told what is wrong; run() stays and tries on.
    const bool tired = Steady::now() - went_well >= config.drain_patience || (!outage && running.empty());
    if (fault && until == Until::empty && tired) std::rethrow_exception(fault);
    if (!fault && until == Until::empty && claimed == 0 && running.empty()) break;
    pause = fault ? std::min<milliseconds>(pause * 2, until == Until::empty ? milliseconds(500) : milliseconds(5000))
                  : config.poll;
    const auto beat_in = std::chrono::duration_cast<milliseconds>(beat_at - Steady::now());
    // With every slot taken there is nothing to look for: the end of a job rings.
    const bool full = static_cast<int>(running.size()) >= config.slots;
    const milliseconds wait = lease == 0 || fault ? pause : full ? beat_in : std::min(pause, beat_in);
    if (claimed == 0) co_await wake.wait(std::max(wait, milliseconds(10)));
  }
}

// Without a folder to work in nothing is claimed: another worker may have one. A cleaner of temporary files may have
// taken ours away.
void Worker::Impl::have_work_dir() {
  if (work_dir && work_dir->stands()) return;
  work_dir.reset();
  work_dir = std::make_unique<WorkDir>(config.work_dir, config.worker_id);
}

// True while there is a lease to claim under. The beat comes from this loop's own progress: a loop that hangs loses it.
Task<bool> Worker::Impl::keep_lease() {
  const auto every = milliseconds(config.lease_seconds * 1000 / 3);
  if (lease == 0) {
    lease = co_await open_lease(db, config.worker_id, host_name(), config.lease_seconds);
    beat_at = Steady::now() + every;
    co_return true;
  }
  if (Steady::now() < beat_at) co_return true;
  beat_at = Steady::now() + std::min(every, milliseconds(1000));  // sooner again, should this one fail
  if (!co_await heartbeat(db, lease, config.lease_seconds)) {
    core::log::error("jobs.lease.lost", {{"worker", config.worker_id}, {"jobs", running.size()}});
    interrupt_all(Interrupt::lost);
    lease = 0;
    co_return false;
  }
  beat_at = Steady::now() + every;
  co_await reconcile();
  co_return true;
}

// What notices and answers may have failed to say: cancels, jobs that went to another worker, and jobs claimed by a
// statement whose answer never came.
Task<> Worker::Impl::reconcile() {
  const std::vector<StillOurs> ours = co_await held_by(db, lease);
  for (const auto& [id, runner] : running) {
    if (runner->lease() != lease) continue;
    const auto found = std::find_if(ours.begin(), ours.end(), [&](const StillOurs& o) { return o.id == id; });
    if (found != ours.end() && found->cancel_requested) runner->interrupt(Interrupt::cancelled);
    if (found != ours.end() && found->fence != runner->job().fence) runner->interrupt(Interrupt::lost);
  }
  for (const StillOurs& job : ours)
    if (!running.contains(job.id)) co_await hand_back(db, {job.id, lease, job.fence});
}

Task<int> Worker::Impl::claim_free_slots() {
  int total = 0;
  for (int round = 0; round < 2; ++round) {
    const int free = config.slots - static_cast<int>(running.size());
    if (free <= 0) break;
    const std::vector<ClaimedJob> jobs = co_await claim(db, kLane, config.worker_id, lease, free);
    for (const ClaimedJob& job : jobs) {
      const std::string dir = job_dir(work_dir->path(), job);
      RunnerParts parts{loop, db, storage, disk, pipelines, config, [this](core::JobId id) {
                          moved.insert(id);
                          something_moved.set();
                        }};
      auto runner = std::make_shared<Runner>(std::move(parts), job, lease, dir);
      running[job.id] = runner;
      moved.insert(job.id);
      something_moved.set();
      auto context = std::make_shared<core::TaskContext>();
      context->job_id = job.id.str();
      context->user_id = job.user.str();
      running_jobs.spawn("jobs.job", run_one(std::move(runner), dir), std::move(context));
    }
    total += static_cast<int>(jobs.size());
    if (static_cast<int>(jobs.size()) >= free || round == 1) break;
    const int admitted = co_await admit_burst(db, kLane, free - static_cast<int>(jobs.size()));
    if (admitted <= 0) break;
  }
  co_return total;
}

Task<> Worker::Impl::run_one(std::shared_ptr<Runner> runner, std::string dir) {
  std::string fault;
  DiskFault why = DiskFault::none;
  try {
    std::filesystem::create_directory(dir);
    if (co_await runner->run()) ++settled;
  } catch (const std::system_error& e) {
    fault = e.what();
    why = disk_fault(e.code());
  } catch (const std::exception& e) {
    fault = e.what();
  }
  if (!fault.empty()) {
    core::log::error("jobs.job.threw", {{"what", fault}});
    co_await give_up(*runner, code_of(why));
  }
  const auto clean = [&dir] {
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
  };
  try {
    co_await core::offload(disk, clean);
  } catch (const core::Problem& busy) {
    core::log::warn("jobs.folder.left", {{"what", busy.what()}});  // goes with the worker's own folder
  }
  // After a lost lease the same job may run here again under a new claim: only one's own entry goes.
  const auto mine = running.find(runner->job().id);
  if (mine != running.end() && mine->second == runner) running.erase(mine);
  wake.set();
}

Task<> Worker::Impl::give_up(const Runner& runner, std::string code) {
  const auto in_tx = [](pg::Tx& tx, const Holding& held, const JobError& error) -> Task<Retried> {
    co_return co_await fail_attempt(tx, held, error, 30);
  };
  const JobError error{std::move(code)};
  const Holding held{runner.job().id, runner.lease(), runner.job().fence};
  std::string fault;
  try {
    const Retried what = co_await db.in(worker_role(), in_tx, held, error);
    if (what == Retried::failed || what == Retried::cancelled) ++settled;
    moved.insert(held.job);
    something_moved.set();
  } catch (const std::exception& e) {
    fault = e.what();  // reconcile() hands it back
  }
  if (!fault.empty()) core::log::error("jobs.job.kept", {{"what", fault}});
}

// At most one notice statement each 100 ms, for all jobs that moved meanwhile: notices serialise commits.
Task<> Worker::Impl::tell() {
  while (!core::task_context()->stop.stop_requested()) {
    co_await something_moved.wait(seconds(3600));
    if (!co_await core::sleep_for(kTellEvery) || moved.empty()) continue;
    std::vector<std::string> jobs;
    for (const core::JobId& job : moved) jobs.push_back(job.str());
    moved.clear();
    try {
      co_await tell_progress(db, jobs);
    } catch (const std::exception& e) {
      core::log::debug("jobs.progress.untold", {{"what", e.what()}});  // the pages poll
    }
  }
}

Task<> Worker::Impl::keep_house_forever() {
  Steady::time_point prune_at = Steady::now() + seconds(60);
  Steady::time_point sweep_at = Steady::now() + kSweepEvery;
  do {
    try {
      co_await keep_house(db, config.external_lease_seconds);
      if (Steady::now() >= prune_at) {
        prune_at = Steady::now() + kPruneEvery;
        co_await prune(db);
      }
      if (Steady::now() >= sweep_at) {
        sweep_at = Steady::now() + kSweepEvery;
        const auto sweep = [this] { sweep_work_folders(config.work_dir); };
        co_await core::offload(disk, sweep);
      }
    } catch (const std::exception& e) {
      core::log::warn("jobs.house.failed", {{"what", e.what()}});
    }
  } while (co_await core::sleep_for(kHouseEvery));
}

void Worker::Impl::interrupt_all(Interrupt why) {
  for (const auto& [id, runner] : running) runner->interrupt(why);
}

Task<> Worker::Impl::shut_down() {
  // What is done from here on must not end early because the process was asked to stop.
  const core::TaskContextScope own(std::make_shared<core::TaskContext>());
  interrupt_all(Interrupt::shutdown);
  co_await running_jobs.join();
  background.request_stop();
  co_await background.join();
  std::string fault;
  try {
    if (lease != 0) co_await close_lease(db, lease);
  } catch (const std::exception& e) {
    fault = e.what();
  }
  lease = 0;
  work_dir.reset();
  core::log::info("jobs.worker.stopped", {{"worker", config.worker_id}, {"settled", settled}, {"fault", fault}});
}

}  // namespace jobs
