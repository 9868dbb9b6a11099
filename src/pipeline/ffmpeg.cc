#include "pipeline/ffmpeg.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "core/log.h"

namespace pipeline {
namespace {

// ffmpeg reports five times a second while it renders, and decodes a photograph within seconds.
std::chrono::seconds longest_silence(const jobs::PipelineContext& ctx) {
  return std::clamp<std::chrono::seconds>(ctx.timeout() / 3, std::chrono::seconds(1), std::chrono::seconds(60));
}

}  // namespace

core::Task<jobs::Ended> ffmpeg(jobs::PipelineContext& ctx, std::vector<std::string> arguments,
                               std::function<void(std::string_view)> on_line) {
  jobs::Command command;
  command.argv = {"ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-xerror", "-y"};
  for (std::string& argument : arguments) command.argv.push_back(std::move(argument));
  command.on_line = std::move(on_line);
  command.quiet = longest_silence(ctx);
  jobs::Ended ended = co_await ctx.exec(std::move(command));
  co_return ended;
}

jobs::StepResult why_failed(jobs::PipelineContext& ctx, const jobs::Ended& ended, jobs::StepResult otherwise) {
  using How = jobs::Ended::How;
  if (ended.how == How::missing) return jobs::fail("FFMPEG_MISSING");
  if (ended.how == How::silent) return jobs::fail("FFMPEG_HUNG");
  core::log::warn("pipeline.ffmpeg.failed", {{"job", ctx.job()}, {"status", ended.status}, {"errors", ended.errors}});
  const auto printed = [&ended](const char* text) { return ended.errors.find(text) != std::string::npos; };
  if (ended.how == How::killed && ended.status == SIGXFSZ) return jobs::fail("OUTPUT_TOO_LARGE");
  if (ended.how == How::killed && ended.status == SIGXCPU) return jobs::fail("STEP_TIMEOUT");
  if (printed("No space left on device")) return jobs::try_again("NO_SPACE");
  if (printed("Read-only file system") || printed("Permission denied")) return jobs::try_again("DISK_READ_ONLY");
  if (printed("Cannot allocate memory") || printed("malloc of size")) return jobs::fail("STEP_OUT_OF_MEMORY");
  if (ended.how == How::killed) return jobs::try_again("FFMPEG_KILLED");
  return otherwise;
}

core::Task<double> duration_of(jobs::PipelineContext& ctx, std::string file) {
  double seconds = 0;
  jobs::Command command;
  command.argv = {"ffprobe",         "-v",  "error",   "-protocol_whitelist", "file,pipe", "-show_entries",
                  "format=duration", "-of", "csv=p=0", std::move(file)};
  command.quiet = longest_silence(ctx);
  command.on_line = [&seconds](std::string_view line) {
    if (const double said = std::strtod(std::string(line).c_str(), nullptr); said > 0) seconds = said;
  };
  const jobs::Ended ended = co_await ctx.exec(std::move(command));
  co_return went_well(ended) ? seconds : 0.0;
}

}  // namespace pipeline
