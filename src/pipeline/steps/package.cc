#include <filesystem>

#include "pipeline/steps/steps.h"
#include "pipeline/zip.h"

namespace pipeline {

// All downloads are saved in this last step, so that they appear in the transaction that makes the job READY.
core::Task<jobs::StepResult> package(jobs::PipelineContext& ctx) {
  const std::string video = co_await ctx.path("intermediate/final.mp4");
  const std::string subtitles = co_await ctx.path("intermediate/captions.srt");
  std::vector<ZipEntry> entries{{"final.mp4", video}, {"captions.srt", subtitles}};
  for (const jobs::Input& input : ctx.inputs()) {
    const std::string file = co_await ctx.path(input.file);
    entries.push_back({input.name, file});
  }
  ctx.progress(0.2);
  write_zip(ctx.scratch("outputs/assets.zip"), entries);
  ctx.progress(0.7);
  const auto over = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(video, ctx.scratch("outputs/final.mp4"), over);
  std::filesystem::copy_file(subtitles, ctx.scratch("outputs/captions.srt"), over);
  for (const char* name : {"outputs/final.mp4", "outputs/captions.srt", "outputs/assets.zip"})
    co_await ctx.save_file(name);
  co_return jobs::ok();
}

}  // namespace pipeline
