// The contract of a step, all that a pipeline's author needs. A step runs in its own child process, with limits and
// without secrets. It may run again after a crash: same input, same paths, same result. It sees PipelineContext, never
// the queue, the database or billing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/json.h"
#include "core/problem.h"
#include "core/task.h"

namespace jobs {

using core::Task;

// A failure ends the job: the user sees the sentence of the text pipeline.error.<code> (in lower case) with the
// parameters filled in, and gets the credits back. `again`: the fault lies outside for now (a full disk, a server that
// is down), so the job waits and is retried.
struct StepResult {
  bool success = true;
  std::string code{};  // UPPER_CASE, stable
  core::Params params{};
  bool again = false;
};
StepResult ok();
StepResult fail(std::string code, core::Params params = {});
StepResult try_again(std::string code, core::Params params = {});

struct Input {
  std::string file;  // for PipelineContext::path: "inputs/1.jpg", numbered in the order of upload
  std::string name;  // the user's own file name
  std::map<std::string, std::string, std::less<>> fields;  // the text fields that the input rules declare
  std::string mime;
  std::uint64_t size = 0;

  std::string field(std::string_view which) const {
    const auto found = fields.find(which);
    return found == fields.end() ? "" : found->second;
  }
};

// A program that a step runs: without a shell or standard input, under the step's limits, in a clean environment.
struct Command {
  std::vector<std::string> argv;
  std::function<void(std::string_view line)> on_line;  // each line of its standard output, as it comes
  std::chrono::seconds quiet{0};                       // killed after so long without output; 0: the step's timeout
};
struct Ended {
  // missing: no such program; silent: killed after Command::quiet.
  enum class How { exited, killed, missing, silent };
  How how = How::exited;
  int status = 0;      // exit status, or the signal
  std::string errors;  // the last 4 KiB of its standard error
};

// One run of a step. File names are relative: "inputs/…" and "intermediate/…" lie in the job's folder of
// project-assets, "outputs/…" in its folder of project-outputs. Files of earlier steps are available, whichever machine
// ran them.
class PipelineContext {
 public:
  struct Impl;
  explicit PipelineContext(Impl& impl) : impl_(&impl) {}

  core::JobId job() const;
  core::ProjectId project() const;
  core::UserId user() const;
  std::string base_path() const;    // project-assets/u_…/p_…/j_…/
  std::string output_path() const;  // project-outputs/u_…/p_…/j_…/
  const std::vector<Input>& inputs() const;
  // The set_output() of an earlier step; null if there is none.
  core::Json output_of(std::string_view step) const;

  // The path of a local copy, read-only. Throws std::runtime_error if no step saved that name.
  Task<std::string> path(std::string name);
  Task<std::string> load(std::string name);
  Task<> save(std::string name, std::string bytes);
  // Where to write a file before save_file() keeps it. Nothing else in the folder outlives the job.
  std::string scratch(std::string_view name) const;
  Task<> save_file(std::string name, std::string mime = "");

  std::chrono::seconds timeout() const;  // of this step, from its start
  void progress(double share);           // of this step, 0 to 1; cheap, call it often
  void charge(std::int64_t credits);     // the cost of this step; without any charge the job costs its estimate
  void set_output(std::string json);     // a JSON object for later steps, stored with this one
  Task<Ended> exec(Command command);

 private:
  Impl* impl_;
};

}  // namespace jobs
