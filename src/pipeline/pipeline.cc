#include "pipeline/pipeline.h"

#include "pipeline/slideshow.h"
#include "pipeline/steps/steps.h"

namespace pipeline {
namespace {

// This list is the business: photographs, each with a line of text, become a captioned video.
jobs::Pipeline slideshow() {
  return jobs::Pipeline("slideshow", estimate)
      .then("probe", probe, {.weight = 2})
      .then("captions", captions, {.weight = 1})
      .then("render", render, {.weight = 15})
      .then("package", package, {.weight = 2});
}

}  // namespace

jobs::Pipelines all() { return {slideshow()}; }

}  // namespace pipeline
