// What a picture is by its first bytes: format and size, found while they stream by. The name and the type that a
// browser sends are never believed. Bounded: it keeps 64 bytes, whatever comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace projects {

struct Picture {
  enum class Format { jpeg, png, webp };
  Format format = Format::jpeg;
  std::int64_t width = 0;
  std::int64_t height = 0;
};
std::string_view mime_of(Picture::Format format);
std::string_view extension_of(Picture::Format format);

class ImageHead {
 public:
  void feed(std::string_view bytes);
  // Known after enough of a JPEG, PNG or WebP; stays empty for everything else.
  const std::optional<Picture>& picture() const { return picture_; }
  bool is_no_picture() const { return state_ == State::refused; }

 private:
  enum class State { magic, png, webp, jpeg_marker, jpeg_length, jpeg_frame, jpeg_skip, known, refused };
  void take(unsigned char byte);
  void judge_magic();
  void judge_webp();
  void take_jpeg_marker(unsigned char byte);
  void known(Picture::Format format, std::int64_t width, std::int64_t height);
  State state_ = State::magic;
  std::string kept_;
  std::size_t skip_ = 0;
  bool frame_follows_ = false;
  bool fill_seen_ = false;
  std::optional<Picture> picture_;
};

}  // namespace projects
