// What a file is, by its bytes: its name proves nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

struct Picture {
  enum class Kind { jpeg, png, webp };
  Kind kind = Kind::jpeg;
  std::int64_t width = 0;
  std::int64_t height = 0;
};
// Reads the header only, so that a small file which unpacks to gigapixels is known before anything decodes it.
// Nothing when it is none of the three or its header is broken.
std::optional<Picture> look_at(std::string_view bytes);
// The demuxer to force upon ffmpeg: left to guess, it would follow a playlist that calls itself a photograph.
std::string demuxer(Picture::Kind kind);

}  // namespace pipeline
