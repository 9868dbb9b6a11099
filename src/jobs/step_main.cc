// The main function of a step's process, `tenon step <pipeline> <n>` (hidden from --help): reads its instructions from
// descriptor 3, confines itself, runs one step and reports its result. A crash here ends this process only.
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <new>
#include <system_error>

#include "core/log.h"
#include "core/loop.h"
#include "core/text.h"
#include "jobs/job_error.h"
#include "jobs/jobs.h"
#include "jobs/pipeline_context.h"

namespace jobs {
namespace {

bool read_hello(const core::Json& hello, PipelineContext::Impl& state) {
  const auto job = core::JobId::parse(hello["job"].string_or(""));
  const auto project = core::ProjectId::parse(hello["project"].string_or(""));
  const auto user = core::UserId::parse(hello["user"].string_or(""));
  if (!job || !project || !user) return false;
  state.job = *job;
  state.project = *project;
  state.user = *user;
  state.base_path = hello["base_path"].string_or("");
  state.output_path = hello["output_path"].string_or("");
  state.dir = hello["dir"].string_or("");
  state.outputs = hello["outputs"];
  state.limits.memory_bytes = static_cast<std::uint64_t>(hello["memory_bytes"].integer().value_or(0));
  state.limits.file_bytes = static_cast<std::uint64_t>(hello["file_bytes"].integer().value_or(0));
  state.limits.timeout_seconds = hello["timeout_seconds"].integer().value_or(0);
  state.limits.cpu_seconds = hello["cpu_seconds"].integer().value_or(0);
  for (const core::Json& item : hello["inputs"].elements()) {
    Input input;
    input.file = item["file"].string_or("");
    input.name = item["name"].string_or("");
    for (const auto& [field, text] : item["fields"].members()) input.fields[field] = text.string_or("");
    input.mime = item["mime"].string_or("");
    input.size = static_cast<std::uint64_t>(item["size"].integer().value_or(0));
    state.inputs.push_back(std::move(input));
  }
  return !state.dir.empty();
}

StepResult run_guarded(Step step, PipelineContext& ctx) {
  try {
    core::Loop loop;
    return loop.run_until(step(ctx));
  } catch (const NoDisk& disk) {
    return try_again(code_of(disk.fault));
  } catch (const TooLarge&) {
    return fail("OUTPUT_TOO_LARGE");
  } catch (const Missing&) {
    return fail("INPUT_MISSING");
  } catch (const Outage&) {
    return try_again("UNAVAILABLE");
  } catch (const std::bad_alloc&) {
    return fail("STEP_OUT_OF_MEMORY");
  } catch (const std::system_error& e) {
    core::log::error("jobs.step.threw", {{"job", ctx.job()}, {"what", e.what()}});
    if (const DiskFault fault = disk_fault(e.code()); fault != DiskFault::none) return try_again(code_of(fault));
  } catch (const std::exception& e) {
    core::log::error("jobs.step.threw", {{"job", ctx.job()}, {"what", e.what()}});
  }
  return fail("ERR_PROCESSING");
}

}  // namespace

int step_main(const Pipelines& pipelines, std::string_view pipeline_name, std::string_view step_number) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const Pipeline* pipeline = find(pipelines, pipeline_name);
  const auto n = core::parse_int(step_number);
  if (!pipeline || !n || *n < 0 || *n >= static_cast<std::int64_t>(pipeline->steps().size())) return 64;
  StepChannel channel(kStepChannelFd);
  const auto hello = channel.receive();
  PipelineContext::Impl state(channel);
  // If the worker died before PDEATHSIG was set, nothing else would end this process.
  if (!hello || (*hello)["parent"].integer().value_or(0) != ::getppid() || !read_hello(*hello, state)) return 65;
  if (::chdir(state.dir.c_str()) != 0) return 66;
  apply(state.limits);

  PipelineContext ctx(state);
  const StepResult result = run_guarded(pipeline->steps()[static_cast<std::size_t>(*n)].step, ctx);
  core::JsonWriter w;
  w.begin().field("do", "result").field("ok", result.success);
  if (!result.success)
    w.field("code", result.code).key("params").raw(params_json(result.params)).field("again", result.again);
  if (state.charged >= 0) w.field("credits", state.charged);
  if (!state.output.empty() && core::Json::parse(state.output)) w.key("output").raw(state.output);
  w.end();
  try {
    channel.send(w.take());
  } catch (const std::system_error&) {
    return 67;
  }
  return 0;
}

}  // namespace jobs
