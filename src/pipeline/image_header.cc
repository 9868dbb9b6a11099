#include "pipeline/image_header.h"

#include <algorithm>

namespace pipeline {

namespace {

constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kPngHeader = 24;   // signature, length, IHDR, width, height
constexpr std::size_t kWebpHeader = 30;  // RIFF header, chunk header, ten bytes of the chunk

std::int64_t byte_at(const std::string& text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

std::int64_t big(const std::string& text, std::size_t at, std::size_t bytes) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | byte_at(text, at + i);
  return value;
}

std::int64_t little(const std::string& text, std::size_t at, std::size_t bytes) {
  std::int64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | byte_at(text, at + i);
  return value;
}

// C0 to CF start a frame, except the tables DHT, JPG and DAC.
bool starts_frame(unsigned char marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

}  // namespace

std::string_view mime_of(Image::Format format) {
  switch (format) {
    case Image::Format::jpeg: return "image/jpeg";
    case Image::Format::png: return "image/png";
    case Image::Format::webp: return "image/webp";
  }
  return "application/octet-stream";
}

std::string_view extension_of(Image::Format format) {
  switch (format) {
    case Image::Format::jpeg: return "jpg";
    case Image::Format::png: return "png";
    case Image::Format::webp: return "webp";
  }
  return "bin";
}

void ImageHeader::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::found && state_ != State::refused) {
    if (state_ == State::jpeg_skip) {
      const std::size_t n = std::min(skip_, bytes.size());
      skip_ -= n;
      bytes.remove_prefix(n);
      if (skip_ == 0) state_ = State::jpeg_marker;
      continue;
    }
    take(static_cast<unsigned char>(bytes.front()));
    bytes.remove_prefix(1);
  }
}

void ImageHeader::take(unsigned char byte) {
  if (state_ == State::jpeg_marker) return take_jpeg_marker(byte);
  kept_.push_back(static_cast<char>(byte));
  if (state_ == State::magic) return check_magic();
  if (state_ == State::png && kept_.size() == kPngHeader) {
    if (big(kept_, 8, 4) != 13 || kept_.substr(12, 4) != "IHDR") state_ = State::refused;
    else found(Image::Format::png, big(kept_, 16, 4), big(kept_, 20, 4));
  } else if (state_ == State::webp && kept_.size() == kWebpHeader) {
    check_webp();
  } else if (state_ == State::jpeg_length && kept_.size() == 2) {
    const auto length = static_cast<std::size_t>(big(kept_, 0, 2));
    kept_.clear();
    if (length < 2 || (frame_follows_ && length < 8)) state_ = State::refused;
    else if (frame_follows_) state_ = State::jpeg_frame;
    else state_ = (skip_ = length - 2) > 0 ? State::jpeg_skip : State::jpeg_marker;
  } else if (state_ == State::jpeg_frame && kept_.size() == 5) {
    found(Image::Format::jpeg, big(kept_, 3, 2), big(kept_, 1, 2));
  }
}

void ImageHeader::check_magic() {
  const std::string_view seen = kept_;
  if (seen == "\xff\xd8\xff") {
    kept_.clear();
    fill_seen_ = true;  // the third byte begins the next marker
    state_ = State::jpeg_marker;
  } else if (seen == kPng) {
    state_ = State::png;
  } else if (seen.size() == 12 && seen.starts_with("RIFF")) {
    state_ = seen.ends_with("WEBP") ? State::webp : State::refused;
  } else if (!std::string_view("\xff\xd8\xff").starts_with(seen) && !kPng.starts_with(seen) &&
             !seen.starts_with("RIFF") && !std::string_view("RIFF").starts_with(seen)) {
    state_ = State::refused;
  }
}

void ImageHeader::check_webp() {
  const std::string kind = kept_.substr(12, 4);
  if (kind == "VP8X") {
    found(Image::Format::webp, little(kept_, 24, 3) + 1, little(kept_, 27, 3) + 1);
  } else if (kind == "VP8L" && byte_at(kept_, 20) == 0x2f) {
    const std::int64_t bits = little(kept_, 21, 4);
    found(Image::Format::webp, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
  } else if (kind == "VP8 " && kept_.substr(23, 3) == "\x9d\x01\x2a") {
    found(Image::Format::webp, little(kept_, 26, 2) & 0x3fff, little(kept_, 28, 2) & 0x3fff);
  } else {
    state_ = State::refused;
  }
}

void ImageHeader::take_jpeg_marker(unsigned char byte) {
  if (byte == 0xff) {
    fill_seen_ = true;
    return;
  }
  if (!fill_seen_ || byte == 0x00 || byte == 0xd8 || byte == 0xd9 || byte == 0xda) {
    state_ = State::refused;  // no marker, or image data before any frame
    return;
  }
  fill_seen_ = false;
  if (byte == 0x01 || (byte >= 0xd0 && byte <= 0xd7)) return;  // markers without a length
  frame_follows_ = starts_frame(byte);
  kept_.clear();
  state_ = State::jpeg_length;
}

void ImageHeader::found(Image::Format format, std::int64_t width, std::int64_t height) {
  if (width < 1 || height < 1) {
    state_ = State::refused;
    return;
  }
  image_ = Image{format, width, height};
  state_ = State::found;
}

std::optional<Image> image_in(std::string_view bytes) {
  ImageHeader header;
  header.feed(bytes);
  return header.image();
}

}  // namespace pipeline
