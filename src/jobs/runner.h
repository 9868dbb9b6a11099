// Runs one claimed job from its first unfinished step to its settlement. Every end is a single transaction.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "jobs/step_host.h"

namespace jobs {

enum class Interrupt { none, cancelled, lost, shutdown };

struct RunnerParts {
  core::Loop& loop;
  pg::Db& db;
  storage::Storage& storage;
  core::BlockingPool& disk;
  const Pipelines& pipelines;
  const Config& config;
  std::function<void(core::JobId)> progressed;  // called after each commit that changes what users see
};

class Runner {
 public:
  Runner(RunnerParts parts, ClaimedJob job, std::int64_t lease, std::string dir);
  // True when the job was settled (READY or FAILED) by this run.
  Task<bool> run();
  // The first interrupt wins, except that `lost` overrides any other.
  void interrupt(Interrupt why);
  const ClaimedJob& job() const { return job_; }
  std::int64_t lease() const { return held_.lease; }

 private:
  Task<bool> run_steps();
  Task<> report(double share);
  Task<ClaimStatus> begin_step();
  Task<ClaimStatus> complete_step(const StepOutcome& outcome);
  Task<bool> complete_job(const StepOutcome* last);
  Task<bool> fail_job(JobError error, const StepOutcome* outcome);
  Task<bool> cancel_job(const StepOutcome* outcome);
  Task<bool> schedule_retry(const StepOutcome& outcome);
  Task<bool> release_job();
  Task<> discard_saved_files();
  std::int64_t cost() const;
  std::string step_metering(const StepOutcome& outcome) const;
  std::string job_metering() const;
  std::string assets_json() const;
  StepRow row(std::string state, const StepOutcome* outcome) const;
  std::function<bool()> gone() const;

  RunnerParts parts_;
  ClaimedJob job_;
  JobClaim held_;
  StepHost host_;
  const Pipeline* pipeline_ = nullptr;
  std::size_t n_ = 0;
  std::map<std::string, std::string> outputs_;  // of done steps, by name
  std::int64_t charged_ = -1;                   // -1: no step has charged
  std::int64_t cpu_ms_ = 0;
  Interrupt interrupt_ = Interrupt::none;
  StepProcess* child_ = nullptr;
  std::chrono::steady_clock::time_point last_report_{};
};

}  // namespace jobs
