#include "pipeline/ffmpeg.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "core/log.h"

namespace pipeline {
namespace {

// ffmpeg has a word to say five times a second while it renders, and is done with a photograph in seconds.
std::chrono::seconds patience(const jobs::Run& run) {
  return std::clamp<std::chrono::seconds>(run.timeout() / 3, std::chrono::seconds(1), std::chrono::seconds(60));
}

}  // namespace

core::Task<jobs::Ended> ffmpeg(jobs::Run& run, std::vector<std::string> arguments,
                               std::function<void(std::string_view)> on_line) {
  jobs::Command command;
  command.argv = {"ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-xerror", "-y"};
  for (std::string& argument : arguments) command.argv.push_back(std::move(argument));
  command.on_line = std::move(on_line);
  command.quiet = patience(run);
  jobs::Ended ended = co_await run.exec(std::move(command));
  co_return ended;
}

jobs::StepResult blame(jobs::Run& run, const jobs::Ended& ended, std::string code, std::string sentence) {
  if (ended.how == jobs::Ended::How::missing)
    return jobs::fail("FFMPEG_MISSING", run.text("pipeline.error.ffmpeg_missing"));
  if (ended.how == jobs::Ended::How::silent) return jobs::fail("FFMPEG_HUNG", run.text("pipeline.error.ffmpeg_hung"));
  core::log::warn("pipeline.ffmpeg.failed", {{"job", run.job()}, {"status", ended.status}, {"errors", ended.errors}});
  if (ended.how == jobs::Ended::How::killed && ended.status == SIGXFSZ)
    return jobs::fail("OUTPUT_TOO_LARGE", run.text("jobs.error.output_too_large"));
  if (ended.how == jobs::Ended::How::killed && ended.status == SIGXCPU)
    return jobs::fail("STEP_TIMEOUT", run.text("jobs.error.step_timeout"));
  if (ended.errors.find("No space left on device") != std::string::npos)
    return jobs::try_again("NO_SPACE", run.text("jobs.error.no_space"));
  if (ended.errors.find("Read-only file system") != std::string::npos ||
      ended.errors.find("Permission denied") != std::string::npos)
    return jobs::try_again("DISK_READ_ONLY", run.text("jobs.error.disk_read_only"));
  if (ended.errors.find("Cannot allocate memory") != std::string::npos ||
      ended.errors.find("malloc of size") != std::string::npos)
    return jobs::fail("STEP_OUT_OF_MEMORY", run.text("jobs.error.step_out_of_memory"));
  if (ended.how == jobs::Ended::How::killed)
    return jobs::try_again("FFMPEG_KILLED", run.text("pipeline.error.ffmpeg_killed"));
  return jobs::fail(std::move(code), std::move(sentence));
}

core::Task<double> duration_of(jobs::Run& run, std::string file) {
  double seconds = 0;
  jobs::Command command;
  command.argv = {"ffprobe",         "-v",  "error",   "-protocol_whitelist", "file,pipe", "-show_entries",
                  "format=duration", "-of", "csv=p=0", std::move(file)};
  command.quiet = patience(run);
  command.on_line = [&seconds](std::string_view line) {
    if (const double said = std::strtod(std::string(line).c_str(), nullptr); said > 0) seconds = said;
  };
  const jobs::Ended ended = co_await run.exec(std::move(command));
  co_return went_well(ended) ? seconds : 0.0;
}

}  // namespace pipeline
