// Checks that keep a hostile image from harming the programs that decode it.
#pragma once

#include <cstdint>
#include <istream>
#include <string>

#include "pipeline/image_header.h"

namespace pipeline {

// A small file that decodes to far more than a photograph does: over 64 MiB of pixels and over 100 times its own size.
bool is_decompression_bomb(const Image& image, std::uint64_t file_size);
// Bytes of compressed metadata (color profile, texts) in a PNG; 0 for other files. A decoder decompresses them before
// the first pixel, regardless of any limit on pixels.
std::uint64_t compressed_metadata(std::istream& png);
inline constexpr std::uint64_t kMostCompressedMetadata = 1 << 20;  // at most a gigabyte, decompressed
// The demuxer to name to ffmpeg. Left to guess, it would follow a playlist that has the name of a photograph.
std::string demuxer(Image::Format format);

}  // namespace pipeline
