// The steps of the slideshow, in order, one file each.
#pragma once

#include "jobs/step.h"

namespace pipeline {

core::Task<jobs::StepResult> probe(jobs::PipelineContext& ctx);     // checks that each input is an image
core::Task<jobs::StepResult> captions(jobs::PipelineContext& ctx);  // times and writes the subtitles
core::Task<jobs::StepResult> render(jobs::PipelineContext& ctx);    // renders the video
core::Task<jobs::StepResult> package(jobs::PipelineContext& ctx);   // makes the downloads

}  // namespace pipeline
