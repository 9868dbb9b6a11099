// The steps of the slideshow, in order. Each is one file.
#pragma once

#include "jobs/step.h"

namespace pipeline {

core::Task<jobs::StepResult> probe(jobs::Run& run);     // is each input a photograph, by its content?
core::Task<jobs::StepResult> captions(jobs::Run& run);  // which picture is seen when, with what words
core::Task<jobs::StepResult> render(jobs::Run& run);    // the video
core::Task<jobs::StepResult> package(jobs::Run& run);   // what the person downloads

}  // namespace pipeline
