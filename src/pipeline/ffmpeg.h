// ffmpeg as a child process of a step: without a shell or prompts, with local files only, and an error code for each
// way in which it can fail.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "jobs/step.h"

namespace pipeline {

// `ffmpeg -nostdin …` with these arguments.
core::Task<jobs::Ended> ffmpeg(jobs::PipelineContext& ctx, std::vector<std::string> arguments,
                               std::function<void(std::string_view)> on_line = {});
inline bool went_well(const jobs::Ended& ended) { return ended.how == jobs::Ended::How::exited && ended.status == 0; }
// The failure to report: the code of a missing, hanging or starved ffmpeg, else `otherwise`.
jobs::StepResult why_failed(jobs::PipelineContext& ctx, const jobs::Ended& ended, jobs::StepResult otherwise);
// Length of a finished video in seconds; 0 if ffprobe cannot read it.
core::Task<double> duration_of(jobs::PipelineContext& ctx, std::string file);

}  // namespace pipeline
