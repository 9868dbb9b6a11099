// A pipeline: its steps, in order, and the estimate of its price.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jobs/step.h"

namespace jobs {

// The price of a run before it starts, and the credits that are reserved for it.
struct Quote {
  std::int64_t credits = 1;
  double seconds = 0;  // of the result, if results have a length
};
using Estimate = Quote (*)(const std::vector<Input>& inputs);
using Step = Task<StepResult> (*)(PipelineContext&);

// The steps in order: Pipeline("reports", estimate).then("read", read).then("write", write, {.weight = 8}).
class Pipeline {
 public:
  struct Options {
    double weight = 1;        // its share of the progress bar
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
  // Progress of the whole job, 1 to 99, when `share` of step n is done.
  int progress(std::size_t n, double share) const;

 private:
  std::string name_;
  Estimate estimate_;
  std::vector<Entry> steps_;
};
using Pipelines = std::vector<Pipeline>;  // the first is the default
// By name; "default", the column default of public.jobs, is the first. Null if there is none.
const Pipeline* find(const Pipelines& pipelines, std::string_view name);

}  // namespace jobs
