// The state behind PipelineContext, in a step's own process. Only step_main.cc makes one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "jobs/disk_fault.h"
#include "jobs/step.h"
#include "jobs/step_channel.h"

namespace jobs {

struct StepLimits {
  std::uint64_t memory_bytes = 0;  // 0: none
  std::uint64_t file_bytes = 0;
  std::int64_t cpu_seconds = 0;
  std::int64_t timeout_seconds = 0;
};
// Applies them to this process, for good; address space is unlimited under a sanitizer, which reserves terabytes.
void apply(const StepLimits& limits);

struct PipelineContext::Impl {
  explicit Impl(StepChannel& to_worker) : channel(to_worker) {}
  core::Json ask(std::string line);  // throws std::runtime_error with the worker's refusal

  StepChannel& channel;
  core::JobId job;
  core::ProjectId project;
  core::UserId user;
  std::string base_path;
  std::string output_path;
  std::vector<Input> inputs;
  core::Json outputs;  // by step name
  std::string dir;     // the job's work directory
  StepLimits limits;
  std::int64_t charged = -1;  // never charged
  std::string output;
  int sent_permille = -1;
};

// The worker could not store a file: its disk is full or read-only.
struct NoDisk {
  DiskFault fault;
};
// The input's row exists, its bytes do not.
struct Missing {};
// More than a step may save.
struct TooLarge {};
// The database was unavailable for longer than a step waits.
struct Outage {};

}  // namespace jobs
