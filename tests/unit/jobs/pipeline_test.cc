#include <doctest/doctest.h>

#include <limits>

#include "jobs/pipeline.h"
#include "jobs/step_channel.h"

namespace {
core::Task<jobs::StepResult> nothing(jobs::PipelineContext&) { co_return jobs::ok(); }
jobs::Quote free_of_charge(const std::vector<jobs::Input>&) { return {0, 0}; }
}  // namespace

TEST_CASE("a job's bar goes from 1 to 99 by the weights of its steps and never back") {
  const jobs::Pipeline pipeline =
      jobs::Pipeline("p", free_of_charge).then("a", nothing).then("b", nothing, {.weight = 8}).then("c", nothing);
  CHECK(pipeline.progress(0, 0) == 1);
  CHECK(pipeline.progress(1, 0) == pipeline.progress(0, 1));
  CHECK(pipeline.progress(1, 0.5) == 50);
  CHECK(pipeline.progress(2, 1) == 99);
  int before = 0;
  for (std::size_t n = 0; n < 3; ++n)
    for (double share = 0; share <= 1; share += 0.05) {
      CHECK(pipeline.progress(n, share) >= before);
      before = pipeline.progress(n, share);
    }
  CHECK(pipeline.progress(0, -5) == 1);
  CHECK(pipeline.progress(2, 7) == 99);
  CHECK(pipeline.progress(0, std::numeric_limits<double>::quiet_NaN()) == 1);
}

TEST_CASE("two steps of one name are refused") {
  CHECK_THROWS_AS(jobs::Pipeline("p", free_of_charge).then("a", nothing).then("a", nothing), std::logic_error);
}

TEST_CASE("a pipeline is found by its whole name only; the data API's default is the first") {
  const jobs::Pipelines all{jobs::Pipeline("slides", free_of_charge)};
  CHECK(jobs::find(all, "slides") == &all[0]);
  CHECK(jobs::find(all, "slide") == nullptr);
  CHECK(jobs::find(all, "") == nullptr);
  CHECK(jobs::find(all, "default") == &all[0]);
  CHECK(jobs::find({}, "default") == nullptr);
}

TEST_CASE("a step names files of its three folders and nothing else") {
  for (const char* good : {"inputs/1.jpg", "intermediate/a_b-c.srt", "outputs/final.mp4", "outputs/deep/er.bin"})
    CHECK_MESSAGE(jobs::valid_name(good), good);
  for (const char* bad :
       {"", "final.mp4", "outputs", "outputs/", "/outputs/a", "outputs//a", "outputs/../a", "outputs/.a",
        "../outputs/a", "other/a", "outputs/a b", "outputs/a\n", "outputs/\xc3\xa4", "outputs/a\\b"})
    CHECK_FALSE_MESSAGE(jobs::valid_name(bad), bad);
  CHECK_FALSE(jobs::valid_name("outputs/" + std::string(300, 'a')));
}
