// ffmpeg as a child of a step: never through a shell, never asking, only local files, and each way it fails by name.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "jobs/step.h"

namespace pipeline {

// `ffmpeg -nostdin …` with these arguments.
core::Task<jobs::Ended> ffmpeg(jobs::Run& run, std::vector<std::string> arguments,
                               std::function<void(std::string_view)> on_line = {});
inline bool went_well(const jobs::Ended& ended) { return ended.how == jobs::Ended::How::exited && ended.status == 0; }
// Why it did not: the machine's fault by its own code, else `code` and `sentence`.
jobs::StepResult blame(jobs::Run& run, const jobs::Ended& ended, std::string code, std::string sentence);
// Seconds that a finished video lasts; 0 when ffprobe cannot say.
core::Task<double> duration_of(jobs::Run& run, std::string file);

}  // namespace pipeline
