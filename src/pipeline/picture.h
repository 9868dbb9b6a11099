// What a file is, by its bytes: its name proves nothing.
#pragma once

#include <cstdint>
#include <istream>
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
// True when a file of `size` bytes would unpack to more than a photograph does: above 64 MiB of pixels, more than a
// hundred times itself.
bool unpacks_too_far(const Picture& picture, std::uint64_t size);
// What a PNG carries in compressed notes (profile, texts), in bytes as they lie in the file; 0 for another file. A
// decoder unpacks them before the first pixel, whatever its limit on pixels.
std::uint64_t packed_notes(std::istream& png);
inline constexpr std::uint64_t kMostPackedNotes = 1 << 20;  // a gigabyte at the most, unpacked
// The demuxer to force upon ffmpeg: left to guess, it would follow a playlist that calls itself a photograph.
std::string demuxer(Picture::Kind kind);

}  // namespace pipeline
