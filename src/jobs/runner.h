// One claimed job from its first step that is not done to its settlement. Each way out is one transaction.
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
  std::function<void(core::JobId)> moved;  // after each commit that a person may see
};

class Runner {
 public:
  Runner(RunnerParts parts, ClaimedJob job, std::int64_t lease, std::string dir);
  // True when the job was settled (READY or FAILED) by this run.
  Task<bool> run();
  // The first reason but `lost` stands, which beats all.
  void interrupt(Interrupt why);
  const ClaimedJob& job() const { return job_; }
  std::int64_t lease() const { return held_.lease; }

 private:
  Task<bool> run_steps();
  Task<> report(double share);
  Task<Held> begin_step();
  Task<Held> end_step_well(const StepOutcome& outcome);
  Task<bool> settle_well(const StepOutcome* last);
  Task<bool> settle_badly(JobError error, const StepOutcome* outcome);
  Task<bool> settle_cancelled(const StepOutcome* outcome);
  Task<bool> fail_for_now(const StepOutcome& outcome);
  Task<bool> leave();
  Task<> drop_kept();
  std::int64_t cost() const;
  std::string step_metering(const StepOutcome& outcome) const;
  std::string job_metering() const;
  std::string assets_json() const;
  StepRow row(std::string state, const StepOutcome* outcome) const;
  std::function<bool()> gone() const;

  RunnerParts parts_;
  ClaimedJob job_;
  Holding held_;
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
