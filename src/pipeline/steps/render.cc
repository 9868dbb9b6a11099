#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "core/text.h"
#include "pipeline/ffmpeg.h"
#include "pipeline/slideshow.h"
#include "pipeline/steps/steps.h"

namespace pipeline {
namespace {

constexpr double kPreparing = 0.25;  // of this step's bar
constexpr const char* kFrames = "frames/%05d.png";

// The caption stays low and small: the photograph matters more.
std::string photograph_filter(const std::string& caption_file) {
  std::string filter = fmt::format(
      "scale={0}:{1}:force_original_aspect_ratio=decrease:flags=lanczos,pad={0}:{1}:(ow-iw)/2:(oh-ih)/2,setsar=1",
      kWidth, kHeight);
  if (!caption_file.empty())
    filter += fmt::format(
        ",drawtext=textfile={}:expansion=none:font=Sans:fontsize=26:fontcolor=white:line_spacing=5:box=1:"
        "boxcolor=black@0.55:boxborderw=8:x=(w-text_w)/2:y=h-text_h-18",
        caption_file);
  return filter + ",format=rgb24";
}

// One photograph as one frame of the video's size, so that the video is cut from equal pieces.
core::Task<jobs::Ended> prepare(jobs::PipelineContext& ctx, std::size_t n, const core::Json& probed) {
  const jobs::Input& input = ctx.inputs()[n];
  // The file name has no character that is special in a filter graph; the working directory is the step's folder.
  std::string caption;
  if (const std::string text = wrap(input.field("caption"), 80, 2); !text.empty()) {
    caption = fmt::format("frames/{}.txt", n + 1);
    std::ofstream out(ctx.scratch(caption), std::ios::binary);
    out << text;
    out.close();
    if (!out) throw std::system_error(errno, std::generic_category(), caption);
  }
  const std::string file = co_await ctx.path(input.file);
  std::vector<std::string> arguments{"-protocol_whitelist",
                                     "file,pipe",
                                     "-max_pixels",
                                     std::to_string(kMostPixels),
                                     "-threads",
                                     "1",
                                     "-f",
                                     probed["demuxer"].string_or("jpeg_pipe"),
                                     "-i",
                                     file,
                                     "-frames:v",
                                     "1",
                                     "-filter_threads",
                                     "1",
                                     "-vf",
                                     photograph_filter(caption),
                                     ctx.scratch(fmt::format("frames/{:05}.png", n + 1))};
  co_return co_await ffmpeg(ctx, std::move(arguments));
}

core::Task<jobs::Ended> encode(jobs::PipelineContext& ctx, std::size_t photographs, const std::string& video) {
  const double whole_us = static_cast<double>(photographs) * kSecondsPerPhotograph * 1e6;
  const auto follow = [&ctx, whole_us](std::string_view line) {
    constexpr std::string_view kTime = "out_time_us=";
    if (!line.starts_with(kTime)) return;
    if (const auto us = core::parse_int(line.substr(kTime.size())))
      ctx.progress(kPreparing + (1 - kPreparing) * static_cast<double>(*us) / whole_us);
  };
  std::vector<std::string> arguments{"-f",
                                     "image2",
                                     "-framerate",
                                     fmt::format("1/{}", kSecondsPerPhotograph),
                                     "-start_number",
                                     "1",
                                     "-i",
                                     kFrames,
                                     "-vf",
                                     fmt::format("fps={},format=yuv420p", kFramesPerSecond),
                                     "-frames:v",
                                     std::to_string(photographs * kSecondsPerPhotograph * kFramesPerSecond),
                                     "-c:v",
                                     "libx264",
                                     "-preset",
                                     "veryfast",
                                     "-crf",
                                     "20",
                                     "-threads",
                                     "2",
                                     "-filter_threads",
                                     "1",
                                     "-map_metadata",
                                     "-1",
                                     "-fflags",
                                     "+bitexact",
                                     "-movflags",
                                     "+faststart",
                                     "-stats_period",
                                     "0.2",
                                     "-progress",
                                     "pipe:1",
                                     video};
  co_return co_await ffmpeg(ctx, std::move(arguments), follow);
}

}  // namespace

core::Task<jobs::StepResult> render(jobs::PipelineContext& ctx) {
  const core::Json probed = ctx.output_of("probe")["photographs"];
  const std::size_t count = ctx.inputs().size();
  if (probed.size() != count) throw std::runtime_error("the inputs are not the ones that were probed");
  for (std::size_t n = 0; n < count; ++n) {
    const jobs::Ended ended = co_await prepare(ctx, n, probed[n]);
    if (!went_well(ended)) co_return why_failed(ctx, ended, jobs::fail("BAD_IMAGE", {{"name", ctx.inputs()[n].name}}));
    ctx.progress(kPreparing * static_cast<double>(n + 1) / static_cast<double>(count));
  }
  const std::string video = ctx.scratch("intermediate/final.mp4");
  const jobs::Ended ended = co_await encode(ctx, count, video);
  if (!went_well(ended)) co_return why_failed(ctx, ended, jobs::fail("RENDER_FAILED"));
  const double seconds = co_await duration_of(ctx, video);
  if (seconds <= 0) co_return jobs::fail("RENDER_FAILED");
  co_await ctx.save_file("intermediate/final.mp4");
  ctx.charge(credits_for(seconds));
  core::JsonWriter w;
  w.begin().field("seconds", seconds).end();
  ctx.set_output(w.take());
  co_return jobs::ok();
}

}  // namespace pipeline
