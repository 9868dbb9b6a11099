#include "pipeline/slideshow.h"
#include "pipeline/steps/steps.h"

namespace pipeline {

core::Task<jobs::StepResult> captions(jobs::PipelineContext& ctx) {
  const std::string text = srt(cues(ctx.inputs()));
  co_await ctx.save("intermediate/captions.srt", text);
  co_return jobs::ok();
}

}  // namespace pipeline
