#include "pipeline/ffmpeg.h"

#include <csignal>
#include <cstdlib>

#include "core/log.h"

namespace pipeline {

core::Task<jobs::Ended> ffmpeg(jobs::Run& run, std::vector<std::string> arguments,
                               std::function<void(std::string_view)> on_line) {
  jobs::Command command;
  command.argv = {"ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y"};
  for (std::string& argument : arguments) command.argv.push_back(std::move(argument));
  command.on_line = std::move(on_line);
  jobs::Ended ended = co_await run.exec(std::move(command));
  co_return ended;
}

jobs::StepResult blame(jobs::Run& run, const jobs::Ended& ended, std::string code, std::string sentence) {
  if (ended.how == jobs::Ended::How::missing)
    return jobs::fail("FFMPEG_MISSING", run.text("pipeline.error.ffmpeg_missing"));
  core::log::warn("pipeline.ffmpeg.failed", {{"job", run.job()}, {"status", ended.status}, {"errors", ended.errors}});
  if (ended.how == jobs::Ended::How::killed && ended.status == SIGXFSZ)
    return jobs::fail("OUTPUT_TOO_LARGE", run.text("jobs.error.output_too_large"));
  if (ended.how == jobs::Ended::How::killed && ended.status == SIGXCPU)
    return jobs::fail("STEP_TIMEOUT", run.text("jobs.error.step_timeout"));
  if (ended.errors.find("No space left on device") != std::string::npos)
    return jobs::try_again("NO_SPACE", run.text("jobs.error.no_space"));
  if (ended.errors.find("Cannot allocate memory") != std::string::npos)
    return jobs::fail("STEP_OUT_OF_MEMORY", run.text("jobs.error.step_out_of_memory"));
  if (ended.how == jobs::Ended::How::killed)
    return jobs::try_again("STEP_CRASHED", run.text("jobs.error.step_crashed"));
  return jobs::fail(std::move(code), std::move(sentence));
}

core::Task<double> duration_of(jobs::Run& run, std::string file) {
  double seconds = 0;
  jobs::Command command;
  command.argv = {"ffprobe",         "-v",  "error",   "-protocol_whitelist", "file,pipe", "-show_entries",
                  "format=duration", "-of", "csv=p=0", std::move(file)};
  command.on_line = [&seconds](std::string_view line) {
    if (const double said = std::strtod(std::string(line).c_str(), nullptr); said > 0) seconds = said;
  };
  const jobs::Ended ended = co_await run.exec(std::move(command));
  co_return went_well(ended) ? seconds : 0.0;
}

}  // namespace pipeline
