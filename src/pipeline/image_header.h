// Format and size of a JPEG, PNG or WebP image, found in its first bytes while they stream by. Keeps at most 30 bytes
// of the file in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

struct Image {
  enum class Format { jpeg, png, webp };
  Format format = Format::jpeg;
  std::int64_t width = 0;
  std::int64_t height = 0;
};
std::string_view mime_of(Image::Format format);
std::string_view extension_of(Image::Format format);

class ImageHeader {
 public:
  void feed(std::string_view bytes);
  // Set once enough of a JPEG, PNG or WebP has been fed; never set for anything else.
  const std::optional<Image>& image() const { return image_; }
  bool refused() const { return state_ == State::refused; }

 private:
  enum class State { magic, png, webp, jpeg_marker, jpeg_length, jpeg_frame, jpeg_skip, found, refused };
  void take(unsigned char byte);
  void check_magic();
  void check_webp();
  void take_jpeg_marker(unsigned char byte);
  void found(Image::Format format, std::int64_t width, std::int64_t height);
  State state_ = State::magic;
  std::string kept_;
  std::size_t skip_ = 0;
  bool frame_follows_ = false;
  bool fill_seen_ = false;
  std::optional<Image> image_;
};

// Of the beginning of a file.
std::optional<Image> image_in(std::string_view bytes);

}  // namespace pipeline
