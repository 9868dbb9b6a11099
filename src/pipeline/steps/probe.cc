#include <filesystem>
#include <fstream>
#include <string>

#include "pipeline/ffmpeg.h"
#include "pipeline/picture.h"
#include "pipeline/slideshow.h"
#include "pipeline/steps/steps.h"

namespace pipeline {
namespace {

// Enough for the largest colour profile and preview that stand before a photograph's size.
constexpr std::size_t kHeaderBytes = 1 << 20;

std::string head_of(const std::string& file) {
  std::string bytes(kHeaderBytes, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

bool unpacks_like_a_bomb(const std::string& file, const Picture& picture) {
  if (unpacks_too_far(picture, std::filesystem::file_size(file))) return true;
  std::ifstream in(file, std::ios::binary);
  return packed_notes(in) > kMostPackedNotes;
}

core::Task<jobs::Ended> decode(jobs::Run& run, const std::string& file, const Picture& picture) {
  std::vector<std::string> arguments{"-err_detect",
                                     "explode",
                                     "-protocol_whitelist",
                                     "file,pipe",
                                     "-max_pixels",
                                     std::to_string(kMostPixels),
                                     "-threads",
                                     "1",
                                     "-f",
                                     demuxer(picture.kind),
                                     "-i",
                                     file,
                                     "-frames:v",
                                     "1",
                                     "-f",
                                     "null",
                                     "-"};
  co_return co_await ffmpeg(run, std::move(arguments));
}

}  // namespace

core::Task<jobs::StepResult> probe(jobs::Run& run) {
  if (run.inputs().empty()) co_return jobs::fail("NO_INPUTS", run.text("pipeline.error.no_inputs"));
  core::JsonWriter w;
  w.begin().key("pictures").begin_array();
  double done = 0;
  for (const jobs::Input& input : run.inputs()) {
    const std::string file = co_await run.path(input.file);
    const std::string head = head_of(file);
    const std::optional<Picture> picture = look_at(head);
    if (!picture) co_return jobs::fail("BAD_IMAGE", run.text("pipeline.error.bad_image", {{"name", input.name}}));
    if (picture->width > kMostPixels / picture->height)
      co_return jobs::fail("IMAGE_TOO_LARGE",
                           run.text("pipeline.error.image_too_large", {{"name", input.name},
                                                                       {"width", std::to_string(picture->width)},
                                                                       {"height", std::to_string(picture->height)}}));
    if (unpacks_like_a_bomb(file, *picture))
      co_return jobs::fail("IMAGE_UNPACKS_TOO_FAR",
                           run.text("pipeline.error.image_unpacks", {{"name", input.name},
                                                                     {"width", std::to_string(picture->width)},
                                                                     {"height", std::to_string(picture->height)}}));
    const jobs::Ended ended = co_await decode(run, file, *picture);
    if (!went_well(ended))
      co_return blame(run, ended, "BAD_IMAGE", run.text("pipeline.error.bad_image", {{"name", input.name}}));
    w.begin().field("file", input.file).field("demuxer", demuxer(picture->kind));
    w.field("width", picture->width).field("height", picture->height).end();
    run.progress(++done / static_cast<double>(run.inputs().size()));
  }
  w.end_array().end();
  run.set_output(w.take());
  co_return jobs::ok();
}

}  // namespace pipeline
