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
constexpr seconds kMaintenanceInterval{2};
constexpr seconds kPruneInterval{3600};
constexpr seconds kSweepInterval{10};
constexpr milliseconds kNotifyInterval{100};

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

// Resumes on the running loop, since a worker may be started before its loop.
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
  Task<> claim_loop(Until until);
  void ensure_work_dir();
  Task<bool> keep_lease();
  Task<int> claim_free_slots();
  Task<> run_one(std::shared_ptr<Runner> runner, std::string dir);
  Task<> give_up(const Runner& runner, std::string code);
  Task<> reconcile();
  Task<> notify_loop();
  Task<> maintenance_loop();
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
  core::Event progress_made;
  core::TaskGroup running_jobs;
  core::TaskGroup background;
  std::unique_ptr<WorkDir> work_dir;
  std::map<core::JobId, std::shared_ptr<Runner>> running;
  std::set<core::JobId> progressed;
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
  background.spawn("jobs.worker.notify", notify_loop());
  if (until == Until::stopped) background.spawn("jobs.worker.maintenance", maintenance_loop());
  std::exception_ptr fault;
  try {
    co_await claim_loop(until);
  } catch (const std::exception&) {
    fault = std::current_exception();
  }
  co_await shut_down();
  if (fault) std::rethrow_exception(fault);
}

Task<> Worker::Impl::claim_loop(Until until) {
  milliseconds pause = config.poll;
  bool maintained = until == Until::stopped;
  Steady::time_point went_well = Steady::now();
  while (!stopping && !core::task_context()->stop.stop_requested()) {
    std::exception_ptr fault;
    bool outage = false;
    int claimed = 0;
    try {
      if (!maintained) co_await run_maintenance(db, config.external_lease_seconds);
      maintained = true;
      if (co_await keep_lease()) {
        ensure_work_dir();
        claimed = co_await claim_free_slots();
      }
      went_well = Steady::now();
    } catch (const std::exception& e) {
      fault = std::current_exception();
      outage = dynamic_cast<const pg::Unavailable*>(&e) != nullptr;
      core::log::warn("jobs.claim.failed", {{"worker", config.worker_id}, {"what", e.what()}});
    }
    // drain() reports the fault to its caller; run() keeps trying.
    const bool overdue = Steady::now() - went_well >= config.drain_patience || (!outage && running.empty());
    if (fault && until == Until::empty && overdue) std::rethrow_exception(fault);
    if (!fault && until == Until::empty && claimed == 0 && running.empty()) break;
    pause = fault ? std::min<milliseconds>(pause * 2, until == Until::empty ? milliseconds(500) : milliseconds(5000))
                  : config.poll;
    const auto beat_in = std::chrono::duration_cast<milliseconds>(beat_at - Steady::now());
    // All slots busy: sleep until a job finishes.
    const bool full = static_cast<int>(running.size()) >= config.slots;
    const milliseconds wait = lease == 0 || fault ? pause : full ? beat_in : std::min(pause, beat_in);
    if (claimed == 0) co_await wake.wait(std::max(wait, milliseconds(10)));
  }
}

// A worker without a work folder claims nothing, so that another one can. The folder is made again if something that
// cleans up temporary files has removed it.
void Worker::Impl::ensure_work_dir() {
  if (work_dir && work_dir->exists()) return;
  work_dir.reset();
  work_dir = std::make_unique<WorkDir>(config.work_dir, config.worker_id);
}

// True while there is a lease to claim under. The claim loop itself sends the heartbeat, so a loop that hangs loses its
// lease.
Task<bool> Worker::Impl::keep_lease() {
  const auto every = milliseconds(config.lease_seconds * 1000 / 3);
  if (lease == 0) {
    lease = co_await open_lease(db, config.worker_id, host_name(), config.lease_seconds);
    beat_at = Steady::now() + every;
    co_return true;
  }
  if (Steady::now() < beat_at) co_return true;
  beat_at = Steady::now() + std::min(every, milliseconds(1000));  // sooner, if this one fails
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

// Reconciles with the database in case a NOTIFY or an answer was lost: cancelled jobs, jobs that another worker took
// over, and jobs claimed by a statement whose answer never arrived.
Task<> Worker::Impl::reconcile() {
  const std::vector<HeldJob> ours = co_await held_by(db, lease);
  for (const auto& [id, runner] : running) {
    if (runner->lease() != lease) continue;
    const auto found = std::find_if(ours.begin(), ours.end(), [&](const HeldJob& o) { return o.id == id; });
    if (found != ours.end() && found->cancel_requested) runner->interrupt(Interrupt::cancelled);
    if (found != ours.end() && found->fence != runner->job().fence) runner->interrupt(Interrupt::lost);
  }
  for (const HeldJob& job : ours)
    if (!running.contains(job.id)) co_await release_claim(db, {job.id, lease, job.fence});
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
                          progressed.insert(id);
                          progress_made.set();
                        }};
      auto runner = std::make_shared<Runner>(std::move(parts), job, lease, dir);
      running[job.id] = runner;
      progressed.insert(job.id);
      progress_made.set();
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
    core::log::warn("jobs.folder.not_removed", {{"what", busy.what()}});  // removed with the worker's own folder
  }
  // After a lost lease the same job may run here again under a new claim, whose entry must stay.
  const auto mine = running.find(runner->job().id);
  if (mine != running.end() && mine->second == runner) running.erase(mine);
  wake.set();
}

Task<> Worker::Impl::give_up(const Runner& runner, std::string code) {
  const auto in_tx = [](pg::Tx& tx, const JobClaim& held, const JobError& error) -> Task<AttemptOutcome> {
    co_return co_await fail_attempt(tx, held, error, 30);
  };
  const JobError error{std::move(code)};
  const JobClaim held{runner.job().id, runner.lease(), runner.job().fence};
  std::string fault;
  try {
    const AttemptOutcome what = co_await db.in(as_worker(), in_tx, held, error);
    if (what == AttemptOutcome::failed || what == AttemptOutcome::cancelled) ++settled;
    progressed.insert(held.job);
    progress_made.set();
  } catch (const std::exception& e) {
    fault = e.what();  // reconcile() releases the claim
  }
  if (!fault.empty()) core::log::error("jobs.job.release_failed", {{"what", fault}});
}

// At most one NOTIFY statement per 100 ms, for all jobs that progressed meanwhile: NOTIFY serialises commits.
Task<> Worker::Impl::notify_loop() {
  while (!core::task_context()->stop.stop_requested()) {
    co_await progress_made.wait(seconds(3600));
    if (!co_await core::sleep_for(kNotifyInterval) || progressed.empty()) continue;
    std::vector<std::string> jobs;
    for (const core::JobId& job : progressed) jobs.push_back(job.str());
    progressed.clear();
    try {
      co_await notify_progress(db, jobs);
    } catch (const std::exception& e) {
      core::log::debug("jobs.progress.notify_failed", {{"what", e.what()}});  // the pages poll
    }
  }
}

Task<> Worker::Impl::maintenance_loop() {
  Steady::time_point prune_at = Steady::now() + seconds(60);
  Steady::time_point sweep_at = Steady::now() + kSweepInterval;
  do {
    try {
      co_await run_maintenance(db, config.external_lease_seconds);
      if (Steady::now() >= prune_at) {
        prune_at = Steady::now() + kPruneInterval;
        co_await prune(db);
      }
      if (Steady::now() >= sweep_at) {
        sweep_at = Steady::now() + kSweepInterval;
        const auto sweep = [this] { sweep_work_folders(config.work_dir); };
        co_await core::offload(disk, sweep);
      }
    } catch (const std::exception& e) {
      core::log::warn("jobs.maintenance.failed", {{"what", e.what()}});
    }
  } while (co_await core::sleep_for(kMaintenanceInterval));
}

void Worker::Impl::interrupt_all(Interrupt why) {
  for (const auto& [id, runner] : running) runner->interrupt(why);
}

Task<> Worker::Impl::shut_down() {
  // A context of its own, so that the process's stop request does not cut the shutdown short.
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
