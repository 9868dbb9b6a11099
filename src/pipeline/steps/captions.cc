#include "pipeline/slideshow.h"
#include "pipeline/steps/steps.h"

namespace pipeline {

core::Task<jobs::StepResult> captions(jobs::Run& run) {
  const std::string text = srt(cues(run.inputs()));
  co_await run.save("intermediate/captions.srt", text);
  co_return jobs::ok();
}

}  // namespace pipeline
