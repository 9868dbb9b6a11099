#include "pipeline/image_safety.h"

namespace pipeline {
namespace {

using namespace std::string_view_literals;

std::int64_t big(std::string_view bytes, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

bool is_decompression_bomb(const Image& image, std::uint64_t file_size) {
  constexpr std::uint64_t kAlwaysAllowed = 64u << 20;
  constexpr std::uint64_t kLargestRatio = 100;
  const std::uint64_t channels = image.format == Image::Format::jpeg ? 3 : 4;
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(image.width) * static_cast<std::uint64_t>(image.height) * channels;
  return bytes > kAlwaysAllowed && bytes / kLargestRatio > file_size;
}

std::uint64_t compressed_metadata(std::istream& png) {
  char head[8];
  if (!png.read(head, sizeof head) || std::string_view(head, sizeof head) != "\x89PNG\r\n\x1a\n"sv) return 0;
  std::uint64_t total = 0;
  while (png.read(head, sizeof head)) {
    const std::string_view chunk(head, sizeof head);
    const std::int64_t length = big(chunk, 0, 4);
    const std::string_view kind = chunk.substr(4);
    if (kind == "iCCP" || kind == "zTXt" || kind == "iTXt") total += static_cast<std::uint64_t>(length);
    png.seekg(length + 4, std::ios::cur);
  }
  return total;
}

std::string demuxer(Image::Format format) {
  if (format == Image::Format::png) return "png_pipe";
  return format == Image::Format::webp ? "webp_pipe" : "jpeg_pipe";
}

}  // namespace pipeline
