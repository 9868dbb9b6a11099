#include "pipeline/pipeline.h"

#include <fmt/format.h>

#include "core/resources.h"
#include "pipeline/accept.h"
#include "pipeline/slideshow.h"
#include "pipeline/steps/steps.h"

namespace pipeline {
namespace {

// Photographs, each with a line of text, become a captioned video.
jobs::Pipeline slideshow() {
  return jobs::Pipeline("slideshow", estimate)
      .then("probe", probe, {.weight = 2})
      .then("captions", captions, {.weight = 1})
      .then("render", render, {.weight = 15})
      .then("package", package, {.weight = 2});
}

jobs::Sample sample() {
  jobs::Sample sample{"Sample: a short slideshow", {}};
  for (const core::Resource* file : core::resources_below("src/pipeline/data/sample/")) {
    if (!file->path.ends_with(".jpg") || sample.files.size() == 4) continue;
    sample.files.push_back({.name = std::string(file->path.substr(file->path.rfind('/') + 1)),
                            .bytes = file->bytes,
                            .fields = {{"caption", fmt::format("Photograph {}", sample.files.size() + 1)}}});
  }
  return sample;
}

core::Params worth(std::int64_t credits) {
  const std::int64_t seconds = credits * kSecondsPerCredit;
  return {{"seconds", seconds}, {"minutes", seconds / 60}};
}

}  // namespace

jobs::Product product() {
  return {.pipelines = {slideshow()},
          .inputs = {.accept = accept_photograph,
                     .media_types = "image/jpeg,image/png,image/webp",
                     .most = 60,
                     .largest = 25u << 20,
                     .fields = {"caption"}},
          .sample = sample,
          .worth = worth,
          .examples = {3, 20, 60},
          .landing = {{"poster_url", "site/film.webp"},
                      {"video_url", "site/sample.mp4"},
                      {"first_url", "site/nagasaki-boats.webp"},
                      {"second_url", "site/french-alpine-landscape.webp"},
                      {"third_url", "site/march-pastoral.webp"},
                      {"screenshot_url", "site/screenshot.webp"}}};
}

}  // namespace pipeline
