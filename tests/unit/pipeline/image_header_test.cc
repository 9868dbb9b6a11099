#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "pipeline/accept.h"
#include "pipeline/image_header.h"

using pipeline::Image;
using pipeline::ImageHeader;

namespace {

std::string bytes(std::initializer_list<int> list) {
  std::string out;
  for (const int b : list) out += static_cast<char>(b);
  return out;
}

std::string png(int width, int height) {
  return std::string("\x89PNG\r\n\x1a\n", 8) + bytes({0, 0, 0, 13}) + "IHDR" +
         bytes({width >> 24, width >> 16, width >> 8, width, height >> 24, height >> 16, height >> 8, height}) +
         bytes({8, 2, 0, 0, 0});
}

// With an application segment of `padding` bytes before the frame, as cameras write them.
std::string jpeg(int width, int height, int padding = 100, int frame = 0xc2) {
  std::string out = bytes({0xff, 0xd8, 0xff, 0xe1, (padding + 2) >> 8, padding + 2}) + std::string(padding, '\xff');
  out += bytes({0xff, 0xff, 0xc4, 0, 4, 1, 2});
  return out + bytes({0xff, frame, 0, 17, 8, height >> 8, height, width >> 8, width, 3});
}

std::string webp(const std::string& chunk, const std::string& data) {
  return "RIFF" + bytes({100, 0, 0, 0}) + "WEBP" + chunk + bytes({10, 0, 0, 0}) + data;
}

ImageHeader read(const std::string& all, std::size_t step) {
  ImageHeader head;
  for (std::size_t at = 0; at < all.size(); at += step) head.feed(std::string_view(all).substr(at, step));
  return head;
}

}  // namespace

TEST_CASE("format and size of a picture are found however its bytes are cut") {
  const struct {
    std::string bytes;
    Image::Format format;
    std::int64_t width, height;
  } table[] = {
      {png(640, 480), Image::Format::png, 640, 480},
      {png(70000, 3), Image::Format::png, 70000, 3},
      {jpeg(1280, 853), Image::Format::jpeg, 1280, 853},
      {jpeg(4000, 3000, 60000, 0xc0), Image::Format::jpeg, 4000, 3000},
      {webp("VP8X", bytes({0, 0, 0, 0, 0xff, 1, 0, 0x1f, 3, 0})), Image::Format::webp, 512, 800},
      {webp("VP8L", bytes({0x2f, 0x8f, 0xc0, 0x31, 0, 0, 0, 0, 0, 0})), Image::Format::webp, 144, 200},
      {webp("VP8 ", bytes({0, 0, 0, 0x9d, 1, 0x2a, 0x90, 0, 0xc8, 0})), Image::Format::webp, 144, 200},
  };
  for (const auto& row : table)
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{17}, std::size_t{100000}}) {
      const ImageHeader head = read(row.bytes, step);
      REQUIRE(head.image());
      CHECK(head.image()->format == row.format);
      CHECK(head.image()->width == row.width);
      CHECK(head.image()->height == row.height);
    }
}

TEST_CASE("what is no picture is refused, whatever it calls itself") {
  const std::vector<std::string> table{
      "hello, this is text",
      "GIF89a\x01\x01",
      "<svg xmlns='http://www.w3.org/2000/svg'/>",
      "%PDF-1.7",
      "RIFF\x10\x10\x10\x10WAVEfmt ",
      bytes({0xff, 0xd8, 0xff, 0xda, 0, 2}),
      bytes({0xff, 0xd8, 0xff, 0xe0, 0, 1}),
      bytes({0xff, 0xd8, 0xff, 0xd9}),
      png(0, 5),
      jpeg(10, 0),
      std::string("\x89PNG\r\n\x1a\n", 8) + bytes({0, 0, 0, 13}) + "IDAT" + std::string(20, 'x')};
  for (const std::string& text : table) {
    const ImageHeader head = read(text, 5);
    CHECK_MESSAGE(head.refused(), text);
    CHECK(!head.image());
  }
}

TEST_CASE("a picture that breaks off before its size is no picture") {
  const std::string whole = jpeg(100, 50);
  for (std::size_t n = 0; n + 3 < whole.size(); ++n) CHECK(!read(whole.substr(0, n), 64).image());
}

TEST_CASE("more than fifty million pixels are refused without overflow") {
  const auto accept = [](const std::string& bytes) {
    const auto check = pipeline::accept_photograph("x.png");
    check->feed(bytes);
    return check->finish();
  };
  CHECK(accept(png(10000, 5000)).width == 10000);
  CHECK_THROWS_AS(accept(png(10000, 5001)), projects::Refusal);
  CHECK_THROWS_AS(accept(png(-1, -1)), projects::Refusal);
  CHECK_THROWS_AS(accept("text"), projects::Refusal);
  CHECK_THROWS_AS(accept(""), projects::Refusal);
  CHECK(accept(jpeg(10, 20)).mime == "image/jpeg");
}
