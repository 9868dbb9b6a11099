// The steps of the slideshow, in order, one file each.
#pragma once

#include "jobs/step.h"

namespace pipeline {

core::Task<jobs::StepResult> probe(jobs::Run& run);     // checks that each input is an image
core::Task<jobs::StepResult> captions(jobs::Run& run);  // times and writes the subtitles
core::Task<jobs::StepResult> render(jobs::Run& run);    // renders the video
core::Task<jobs::StepResult> package(jobs::Run& run);   // makes the downloads

}  // namespace pipeline
