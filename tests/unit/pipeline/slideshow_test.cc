#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/resources.h"
#include "pipeline/image_safety.h"
#include "pipeline/slideshow.h"
#include "pipeline/zip.h"

using namespace pipeline;

namespace {

jobs::Input photo(std::string caption) {
  jobs::Input input;
  input.fields["caption"] = std::move(caption);
  return input;
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("begun tens of seconds cost a credit each, and nothing is free") {
  CHECK(credits_for(0) == 1);
  CHECK(credits_for(9.99) == 1);
  CHECK(credits_for(10) == 1);
  CHECK(credits_for(10.04) == 2);
  CHECK(credits_for(180) == 18);
  CHECK(estimate(std::vector<jobs::Input>(4)).credits == 2);
  CHECK(estimate(std::vector<jobs::Input>(4)).seconds == 12);
}

TEST_CASE("subtitles follow the cuts and cannot be broken by their words") {
  const auto made = cues({photo("First"), photo("  a\r\n\r\n2\n00:00 --> 00:09  "), photo("")});
  CHECK(srt(made) ==
        "1\n00:00:00,000 --> 00:00:03,000\nFirst\n\n"
        "2\n00:00:03,000 --> 00:00:06,000\na 2 00:00 → 00:09\n\n"
        "3\n00:00:06,000 --> 00:00:09,000\n3 / 3\n\n");
  CHECK(srt({{3'599'999, 3'600'001, "x"}}) == "1\n00:59:59,999 --> 01:00:00,001\nx\n\n");
}

TEST_CASE("long words under a picture are wrapped between words and cut with an ellipsis") {
  CHECK(wrap("one two three", 7, 2) == "one two\nthree");
  CHECK(wrap("one two three four", 7, 2) == "one two\nthree…");
  CHECK(wrap("  ", 7, 2).empty());
  CHECK(wrap("ä ö ü", 3, 3) == "ä ö\nü");
}

TEST_CASE("a picture is what its bytes say, and its size is known without decoding it") {
  using namespace std::string_literals;
  const core::Resource* real = core::find_resource("src/pipeline/data/sample/black-canyon.jpg");
  REQUIRE(real);
  const auto photograph = image_in(real->bytes);
  REQUIRE(photograph);
  CHECK(photograph->format == Image::Format::jpeg);
  CHECK(photograph->width == 1024);
  CHECK(photograph->height == 750);
  const auto bomb = image_in("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x02\0\0\0"s);
  REQUIRE(bomb);
  CHECK(bomb->width == 20000);
  CHECK(bomb->height == 20000);
  const auto webp = image_in("RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x03\0\xed\x02\0    "s);
  REQUIRE(webp);
  CHECK(webp->width == 1024);
  CHECK(webp->height == 750);
  for (const std::string& no : {"hello, I am a text"s, ""s, "\xff\xd8\xff"s, "\xff\xd8\xff\xe0\0\x01"s,
                                "\x89PNG\r\n\x1a\n\0\0"s, "#EXTM3U\n/etc/passwd"s, "RIFF1234WEBP"s, "GIF89a"s})
    CHECK_FALSE(image_in(no));
  CHECK_FALSE(image_in(real->bytes.substr(0, 20)));
}

TEST_CASE("a zip holds the same bytes under safe names, and is the same each time") {
  char name[] = "/tmp/tenon-zip-test.XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string dir = name;
  std::map<std::string, std::string> contents{{"a", "first"}, {"b", std::string(200'000, 'x') + "end"}, {"c", ""}};
  for (const auto& [file, bytes] : contents) std::ofstream(dir + "/" + file, std::ios::binary) << bytes;
  const std::vector<ZipEntry> entries{{"Garten ä.jpg", dir + "/a"},
                                      {"../../garten Ä.jpg", dir + "/b"},
                                      {"garten ä.jpg", dir + "/b"},
                                      {"Garten ä.jpg", dir + "/c"}};
  CHECK(zip_names(entries) ==
        std::vector<std::string>{"Garten ä.jpg", "_.._garten Ä.jpg", "garten ä (2).jpg", "Garten ä (3).jpg"});
  write_zip(dir + "/1.zip", entries);
  write_zip(dir + "/2.zip", entries);
  CHECK(bytes_of(dir + "/1.zip") == bytes_of(dir + "/2.zip"));

  archive* zip = archive_read_new();
  archive_read_support_format_zip(zip);
  REQUIRE(archive_read_open_filename(zip, (dir + "/1.zip").c_str(), 65536) == ARCHIVE_OK);
  std::vector<std::string> read;
  // A name beyond ASCII is a warning to libarchive where no locale is set.
  for (archive_entry* entry = nullptr; archive_read_next_header(zip, &entry) <= ARCHIVE_OK && entry != nullptr;
       entry = nullptr) {
    std::string bytes;
    char piece[4096];
    for (la_ssize_t n; (n = archive_read_data(zip, piece, sizeof piece)) > 0;)
      bytes.append(piece, static_cast<std::size_t>(n));
    read.push_back(bytes);
  }
  archive_read_free(zip);
  CHECK(read == std::vector<std::string>{contents["a"], contents["b"], contents["b"], contents["c"]});
  // The names stand in the directory at the end as UTF-8, and say so (bit 11 of the flags).
  const std::string raw = bytes_of(dir + "/1.zip");
  const std::size_t directory = raw.find("PK\x01\x02");
  REQUIRE(directory != std::string::npos);
  CHECK(raw.find("garten ä (2).jpg", directory) != std::string::npos);
  CHECK((static_cast<unsigned char>(raw[directory + 9]) & 0x08) != 0);
  CHECK_THROWS(write_zip(dir + "/3.zip", {{"x", dir + "/absent"}}));
  std::filesystem::remove_all(dir);
}

TEST_CASE("a decompression bomb is above 64 MiB and above a hundred times its file") {
  const Image photograph{Image::Format::jpeg, 6000, 4000};
  CHECK_FALSE(is_decompression_bomb(photograph, 800000));
  CHECK(is_decompression_bomb(photograph, 700000));
  CHECK_FALSE(is_decompression_bomb({Image::Format::png, 4000, 4000}, 1));
  CHECK(is_decompression_bomb({Image::Format::png, 5000, 5000}, 20000));
}

TEST_CASE("a PNG's compressed metadata is counted wherever it is and however long it claims to be") {
  using namespace std::string_literals;
  const std::string head = "\x89PNG\r\n\x1a\n"s;
  const auto counted = [](const std::string& bytes) {
    std::istringstream in(bytes);
    return compressed_metadata(in);
  };
  CHECK(counted("\xff\xd8\xff"s) == 0);
  CHECK(counted(head + "\0\0\0\x02zTXtab1234\0\0\0\x01IDATx1234\0\0\0\x03iCCPabc1234"s) == 5);
  CHECK(counted(head + "\xff\xff\xff\xffzTXt"s) > kMostCompressedMetadata);
}
