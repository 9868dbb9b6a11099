#include "pipeline/picture.h"

namespace pipeline {
namespace {

using namespace std::string_view_literals;

std::int64_t big(std::string_view bytes, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::int64_t little(std::string_view bytes, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::optional<Picture> checked(Picture picture) {
  if (picture.width <= 0 || picture.height <= 0) return std::nullopt;
  return picture;
}

std::optional<Picture> jpeg(std::string_view bytes) {
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (bytes[at] != '\xff') return std::nullopt;
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    if (marker == 0xff) {
      ++at;  // fill byte
      continue;
    }
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    if (marker == 0xd9 || marker == 0xda) return std::nullopt;  // pixels before their size
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) {
      if (at + 9 > bytes.size()) return std::nullopt;
      return checked({Picture::Kind::jpeg, big(bytes, at + 7, 2), big(bytes, at + 5, 2)});
    }
    const std::int64_t length = big(bytes, at + 2, 2);
    if (length < 2) return std::nullopt;
    at += 2 + static_cast<std::size_t>(length);
  }
  return std::nullopt;
}

std::optional<Picture> webp(std::string_view bytes) {
  if (bytes.size() < 30) return std::nullopt;
  const std::string_view chunk = bytes.substr(12, 4);
  if (chunk == "VP8X") return checked({Picture::Kind::webp, little(bytes, 24, 3) + 1, little(bytes, 27, 3) + 1});
  if (chunk == "VP8 ") {
    if (bytes.substr(23, 3) != "\x9d\x01\x2a"sv) return std::nullopt;
    return checked({Picture::Kind::webp, little(bytes, 26, 2) & 0x3fff, little(bytes, 28, 2) & 0x3fff});
  }
  if (chunk == "VP8L" && bytes[20] == '\x2f') {
    const std::int64_t bits = little(bytes, 21, 4);
    return checked({Picture::Kind::webp, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1});
  }
  return std::nullopt;
}

}  // namespace

std::optional<Picture> look_at(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8\xff"sv)) return jpeg(bytes);
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) {
    if (bytes.size() < 24 || bytes.substr(12, 4) != "IHDR") return std::nullopt;
    return checked({Picture::Kind::png, big(bytes, 16, 4), big(bytes, 20, 4)});
  }
  if (bytes.size() >= 16 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP") return webp(bytes);
  return std::nullopt;
}

bool unpacks_too_far(const Picture& picture, std::uint64_t size) {
  constexpr std::uint64_t kFree = 64u << 20;
  constexpr std::uint64_t kMostRatio = 100;
  const std::uint64_t channels = picture.kind == Picture::Kind::jpeg ? 3 : 4;
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(picture.width) * static_cast<std::uint64_t>(picture.height) * channels;
  return bytes > kFree && bytes / kMostRatio > size;
}

std::uint64_t packed_notes(std::istream& png) {
  char head[8];
  if (!png.read(head, sizeof head) || std::string_view(head, sizeof head) != "\x89PNG\r\n\x1a\n"sv) return 0;
  std::uint64_t packed = 0;
  while (png.read(head, sizeof head)) {
    const std::string_view chunk(head, sizeof head);
    const std::int64_t length = big(chunk, 0, 4);
    const std::string_view kind = chunk.substr(4);
    if (kind == "iCCP" || kind == "zTXt" || kind == "iTXt") packed += static_cast<std::uint64_t>(length);
    png.seekg(length + 4, std::ios::cur);
  }
  return packed;
}

std::string demuxer(Picture::Kind kind) {
  if (kind == Picture::Kind::png) return "png_pipe";
  return kind == Picture::Kind::webp ? "webp_pipe" : "jpeg_pipe";
}

}  // namespace pipeline
