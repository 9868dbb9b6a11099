// Long, since it is the one page that a pipeline's author reads.
// The contract of a step: all that src/pipeline/ needs to know. A step runs in a child process of its own, with limits
// and without secrets; it may run again after a crash: same input, same paths, same result. It sees Run, never the
// queue, the database or billing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/json.h"
#include "core/task.h"

namespace jobs {

using core::Task;

// What a step answers. A failure ends the job: its code and its sentence go to the person, the credits go back.
// `again` says that the outside is at fault for now (a full disk, somebody's server): the job waits and tries again.
struct StepResult {
  bool success = true;
  std::string code;     // UPPER_CASE, stable
  std::string message;  // a sentence that tells the person what to do
  bool again = false;
};
StepResult ok();
StepResult fail(std::string code, std::string sentence);
StepResult try_again(std::string code, std::string sentence);

struct Input {
  std::string file;     // what Run::path takes: "inputs/1.jpg", numbered in the person's order
  std::string name;     // the person's own file name, as it came
  std::string caption;  // may be empty
  std::string mime;     // what the upload looked like
  std::uint64_t size = 0;
};

// A tool that a step runs: no shell, no standard input, the step's limits and clean environment.
struct Command {
  std::vector<std::string> argv;
  std::function<void(std::string_view line)> on_line;  // each line of its standard output, as it comes
  std::chrono::seconds quiet{0};                       // so long without a word and it is killed; 0: the step's time
};
struct Ended {
  // missing: there is no such program; silent: it was killed after Command::quiet.
  enum class How { exited, killed, missing, silent };
  How how = How::exited;
  int status = 0;      // exit status, or the signal
  std::string errors;  // the last 4 KiB of its standard error
};

// What a step sees. Names are relative: "inputs/…" and "intermediate/…" lie in the job's folder of project-assets,
// "outputs/…" in its folder of project-outputs. Files of earlier steps are there, whichever machine ran them.
class Run {
 public:
  struct Impl;
  explicit Run(Impl& impl) : impl_(&impl) {}

  core::JobId job() const;
  core::ProjectId project() const;
  core::UserId user() const;
  std::string base_path() const;    // project-assets/u_…/p_…/j_…/
  std::string output_path() const;  // project-outputs/u_…/p_…/j_…/
  const std::vector<Input>& inputs() const;
  // What an earlier step has set_output(); null when there is none.
  core::Json output_of(std::string_view step) const;

  // A local file with that name's bytes, to read only. Throws std::runtime_error when nobody saved it.
  Task<std::string> path(std::string name);
  Task<std::string> load(std::string name);
  Task<> save(std::string name, std::string bytes);
  // Where to write a file of that name; save_file() then keeps it. Nothing else in the folder outlives the job.
  std::string scratch(std::string_view name) const;
  Task<> save_file(std::string name, std::string mime = "");

  std::chrono::seconds timeout() const;  // of this step, from its start
  void progress(double share);           // of this step, 0 to 1; cheap, call it as often as you like
  void charge(std::int64_t credits);     // what this step costs; a pipeline whose steps never charge costs its estimate
  void set_output(std::string json);     // a JSON object for later steps, kept with the step
  Task<Ended> exec(Command command);
  // A sentence of text/en.json with {name} replaced.
  std::string text(std::string_view key,
                   std::initializer_list<std::pair<std::string_view, std::string>> values = {}) const;

 private:
  Impl* impl_;
};

// What a run will cost, told before it starts: the quote, and what is reserved.
struct Quote {
  std::int64_t credits = 1;
  double seconds = 0;  // of the result, when the product has such a thing
};
using Estimate = Quote (*)(const std::vector<Input>& inputs);
using Step = Task<StepResult> (*)(Run&);

// The business as a list: Pipeline("slideshow", estimate).then("probe", probe).then("render", render, {.weight = 8}).
class Pipeline {
 public:
  struct Options {
    double weight = 1;        // its part of the progress bar
    int timeout_seconds = 0;  // 0: STEP_TIMEOUT_SECONDS
  };
  struct Entry {
    std::string name;
    Step step;
    Options options;
  };
  Pipeline(std::string name, Estimate estimate) : name_(std::move(name)), estimate_(estimate) {}
  Pipeline&& then(std::string name, Step step) && { return std::move(*this).then(std::move(name), step, Options{}); }
  Pipeline&& then(std::string name, Step step, Options options) &&;

  const std::string& name() const { return name_; }
  Quote quote(const std::vector<Input>& inputs) const { return estimate_(inputs); }
  const std::vector<Entry>& steps() const { return steps_; }
  // The whole job's bar, 1 to 99, when step n is done by `share`.
  int progress(std::size_t n, double share) const;

 private:
  std::string name_;
  Estimate estimate_;
  std::vector<Entry> steps_;
};
using Pipelines = std::vector<Pipeline>;  // the first is the default
// By its name; "default", the data API's column default, is the first. Null: none is called so.
const Pipeline* find(const Pipelines& pipelines, std::string_view name);

}  // namespace jobs
