// Jobs: a user starts one, a worker claims it under a lease, its steps run one after the other in child processes, and
// one transaction settles everything. step.h is the contract of a step. Owns public.jobs, public.job_steps and the
// outputs among public.assets; the page /app/projects/{id} and everything below /api/jobs.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
#include "core/ids.h"
#include "core/loop.h"
#include "core/task.h"
#include "http/router.h"
#include "jobs/pipeline.h"
#include "pg/listener.h"
#include "pg/pg.h"
#include "storage/storage.h"

namespace projects {
struct Projects;
}

namespace jobs {

class JobSubscriptions;

struct Config {
  std::string worker_id;                            // WORKER_ID, else worker-<pid>
  int slots = 1;                                    // WORKER_SLOTS, else the number of cores
  std::chrono::milliseconds poll{1000};             // POLL_INTERVAL_MS
  int lease_seconds = 12;                           // TENON_LEASE_SECONDS
  int external_lease_seconds = 3600;                // TENON_EXTERNAL_LEASE_SECONDS
  std::string work_dir;                             // TENON_WORK_DIR, else a folder of the system's temporary one
  std::vector<std::string> pipeline_env;            // PIPELINE_ENV: names of the variables that steps may see
  std::chrono::seconds step_timeout{1800};          // STEP_TIMEOUT_SECONDS
  std::uint64_t step_memory_bytes = 2048ull << 20;  // STEP_MEMORY_MB
  std::uint64_t step_file_bytes = 2048ull << 20;    // STEP_FILE_MB: the largest file a step may write
  std::chrono::milliseconds drain_patience{10000};  // how long drain() waits for a database that is away
  std::string step_program;  // what is started as `<program> step <pipeline> <n>`; /proc/self/exe
  static Config from(core::Env& env);
};

// The worker of one process, on one loop. Everything outside may fail and come back: the database, the disk, a step.
class Worker {
 public:
  Worker(core::Loop& loop, pg::Db& db, pg::Listener& listener, storage::Storage& storage, core::BlockingPool& disk,
         const Pipelines& pipelines, Config config);
  ~Worker();
  // Claims and runs jobs and does maintenance until stop(); then ends its steps, releases their jobs and its lease.
  Task<> run();
  // The same until no job is ready and none runs. Returns how many were settled. Throws what kept it from claiming: a
  // database that stays away (pg::Unavailable), or no folder to work in.
  Task<int> drain();
  // Of this loop only. What is under way is interrupted and handed back: another worker goes on after the last done
  // step.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `tenon step <pipeline> <n>`: the child's main. Returns the process's exit status.
int step_main(const Pipelines& pipelines, std::string_view pipeline, std::string_view n);

// The web side of one loop: routes and pages take it as their first argument.
struct Jobs {
  Jobs(projects::Projects& projects, pg::Listener& listener, const Pipelines& pipelines);
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  projects::Projects& projects;
  pg::Db& db;
  storage::Storage& storage;
  core::Clock& clock;
  const Pipelines& pipelines;
  std::unique_ptr<JobSubscriptions> subscriptions;
};

// /api/projects/{id}/jobs, …/quote, /api/jobs/…, /app/events, /app/projects/{id} and its forms.
void mount(http::Router& router, Jobs& jobs);

// Reserves credits and queues the job in one transaction. An empty pipeline means the first.
// Throws Problem 404 not_found, 422 no_inputs or unknown_pipeline, 402 insufficient_credits, 409 job_running.
Task<core::JobId> start(Jobs& jobs, core::UserId user, core::ProjectId project, std::string pipeline = "");

}  // namespace jobs
