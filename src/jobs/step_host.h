// The worker's side of one job's steps: brings the files they ask for, keeps the files they save, and says how a step
// process ended. Knows the storage and the work folder, not the queue.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jobs/jobs.h"
#include "jobs/queue.h"
#include "jobs/step_process.h"

namespace jobs {

struct Kept {
  storage::Staged staged;
  std::string mime;
};

struct StepOutcome {
  StepResult result;
  std::optional<std::int64_t> credits;
  std::string output;  // JSON, or empty
  StepProcessEnd end;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  JobError error() const { return {result.code, result.params}; }
};

// A job's folder may hold so many times the largest file that one of its steps may write.
inline constexpr std::uint64_t kFolderOverFile = 4;

class StepHost {
 public:
  StepHost(core::Loop& loop, pg::Db& db, storage::Storage& storage, core::BlockingPool& disk, const Config& config,
           const ClaimedJob& job, std::string dir);

  Task<> find_inputs();  // what the job was started with
  const std::vector<Input>& inputs() const { return inputs_; }
  // Runs step n. `progress` is awaited with the step's own share; `started` gets the child for as long as it lives.
  Task<StepOutcome> run(const Pipeline& pipeline, std::size_t n, const std::map<std::string, std::string>& outputs,
                        std::function<Task<>(double)> progress, std::function<void(StepProcess*)> started);
  // What the step saved and no transaction has named yet.
  const std::map<std::string, Kept>& kept() const { return kept_; }
  void forget_kept() { kept_.clear(); }
  // Bucket and key of a name of this job.
  std::pair<std::string, std::string> place(std::string_view name) const;

 private:
  std::string hello(const Pipeline& pipeline, std::size_t n, const std::map<std::string, std::string>& outputs) const;
  StepProcessSpec spec(const Pipeline& pipeline, std::size_t n) const;
  Task<std::string> answer(const core::Json& asked, StepOutcome& outcome);
  Task<std::string> bring(std::string name, StepOutcome& outcome);
  Task<std::string> keep(std::string name, std::string mime, StepOutcome& outcome);
  std::uint64_t most_bytes() const { return config_.step_file_bytes * kFolderOverFile; }
  StepResult blame(const StepProcessEnd& end) const;

  core::Loop& loop_;
  pg::Db& db_;
  storage::Storage& storage_;
  core::BlockingPool& disk_;
  const Config& config_;
  const ClaimedJob& job_;
  std::string dir_;
  std::vector<Input> inputs_;
  std::map<std::string, std::string> asset_paths_;  // by name of this job: "bucket/key"
  std::map<std::string, Kept> kept_;
};

// "video/mp4" of "outputs/final.mp4".
std::string mime_of(std::string_view name);

}  // namespace jobs
