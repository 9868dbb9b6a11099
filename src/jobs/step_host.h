// The worker's side of one job's steps: loads the files they request, stages the files they save, and explains how a
// step's process ended. Knows the storage and the work folder, not the queue.
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

struct SavedFile {
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

// A job's folder may hold this many times the largest file that one of its steps may write.
inline constexpr std::uint64_t kFolderOverFile = 4;

class StepHost {
 public:
  StepHost(core::Loop& loop, pg::Db& db, storage::Storage& storage, core::BlockingPool& disk, const Config& config,
           const ClaimedJob& job, std::string dir);

  Task<> find_inputs();  // those the job was started with
  const std::vector<Input>& inputs() const { return inputs_; }
  // Runs step n. `progress` is awaited with the step's own share; `started` gets its process, then null.
  Task<StepOutcome> run(const Pipeline& pipeline, std::size_t n, const std::map<std::string, std::string>& outputs,
                        std::function<Task<>(double)> progress, std::function<void(StepProcess*)> started);
  // Saved by the step and not yet referred to by any transaction.
  const std::map<std::string, SavedFile>& saved_files() const { return saved_files_; }
  void forget_saved_files() { saved_files_.clear(); }
  // Bucket and key of one of this job's file names.
  std::pair<std::string, std::string> place(std::string_view name) const;

 private:
  std::string hello(const Pipeline& pipeline, std::size_t n, const std::map<std::string, std::string>& outputs) const;
  StepProcessSpec spec(const Pipeline& pipeline, std::size_t n) const;
  Task<std::string> answer(const core::Json& asked, StepOutcome& outcome);
  Task<std::string> bring(std::string name, StepOutcome& outcome);
  Task<std::string> keep(std::string name, std::string mime, StepOutcome& outcome);
  std::uint64_t most_bytes() const { return config_.step_file_bytes * kFolderOverFile; }
  StepResult explain(const StepProcessEnd& end) const;

  core::Loop& loop_;
  pg::Db& db_;
  storage::Storage& storage_;
  core::BlockingPool& disk_;
  const Config& config_;
  const ClaimedJob& job_;
  std::string dir_;
  std::vector<Input> inputs_;
  std::map<std::string, std::string> asset_paths_;  // file name → "bucket/key"
  std::map<std::string, SavedFile> saved_files_;
};

// The media type by file extension: "video/mp4" for "outputs/final.mp4".
std::string mime_of(std::string_view name);

}  // namespace jobs
