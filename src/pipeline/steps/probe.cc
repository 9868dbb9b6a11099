#include <filesystem>
#include <fstream>
#include <string>

#include "pipeline/ffmpeg.h"
#include "pipeline/image_safety.h"
#include "pipeline/slideshow.h"
#include "pipeline/steps/steps.h"

namespace pipeline {
namespace {

// Enough for the largest color profile and preview that precede an image's size.
constexpr std::size_t kHeaderBytes = 1 << 20;

std::string head_of(const std::string& file) {
  std::string bytes(kHeaderBytes, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

bool decompresses_too_far(const std::string& file, const Image& image) {
  if (is_decompression_bomb(image, std::filesystem::file_size(file))) return true;
  std::ifstream in(file, std::ios::binary);
  return compressed_metadata(in) > kMostCompressedMetadata;
}

core::Task<jobs::Ended> decode(jobs::PipelineContext& ctx, const std::string& file, const Image& image) {
  std::vector<std::string> arguments{"-err_detect",
                                     "explode",
                                     "-protocol_whitelist",
                                     "file,pipe",
                                     "-max_pixels",
                                     std::to_string(kMostPixels),
                                     "-threads",
                                     "1",
                                     "-f",
                                     demuxer(image.format),
                                     "-i",
                                     file,
                                     "-frames:v",
                                     "1",
                                     "-f",
                                     "null",
                                     "-"};
  co_return co_await ffmpeg(ctx, std::move(arguments));
}

}  // namespace

core::Task<jobs::StepResult> probe(jobs::PipelineContext& ctx) {
  if (ctx.inputs().empty()) co_return jobs::fail("NO_INPUTS");
  core::JsonWriter w;
  w.begin().key("photographs").begin_array();
  double done = 0;
  for (const jobs::Input& input : ctx.inputs()) {
    const std::string file = co_await ctx.path(input.file);
    const std::string head = head_of(file);
    const std::optional<Image> image = image_in(head);
    if (!image) co_return jobs::fail("BAD_IMAGE", {{"name", input.name}});
    const core::Params facts{{"name", input.name}, {"width", image->width}, {"height", image->height}};
    if (image->width > kMostPixels / image->height) co_return jobs::fail("IMAGE_TOO_LARGE", facts);
    if (decompresses_too_far(file, *image)) co_return jobs::fail("IMAGE_UNPACKS_TOO_FAR", facts);
    const jobs::Ended ended = co_await decode(ctx, file, *image);
    if (!went_well(ended)) co_return why_failed(ctx, ended, jobs::fail("BAD_IMAGE", {{"name", input.name}}));
    w.begin().field("file", input.file).field("demuxer", demuxer(image->format));
    w.field("width", image->width).field("height", image->height).end();
    ctx.progress(++done / static_cast<double>(ctx.inputs().size()));
  }
  w.end_array().end();
  ctx.set_output(w.take());
  co_return jobs::ok();
}

}  // namespace pipeline
