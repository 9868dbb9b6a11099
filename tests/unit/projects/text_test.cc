#include <doctest/doctest.h>

#include "projects/inputs.h"
#include "projects/table.h"

TEST_CASE("a title is trimmed and has 1 to 200 characters on one line") {
  CHECK(projects::checked_title("  Summer  ") == "Summer");
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ü";
  CHECK(projects::checked_title(umlauts) == umlauts);
  for (const std::string& bad : {std::string(), std::string("   "), std::string("a\nb"), std::string("a\0b", 3),
                                 std::string("\xff"), umlauts + "x", std::string(201, 'a')})
    CHECK_THROWS_AS(projects::checked_title(bad), core::Problem);
}

TEST_CASE("a text field is one line of at most 200 characters and may be empty") {
  CHECK(projects::checked_field("caption", "").empty());
  CHECK(projects::checked_field("caption", " one\r\ntwo ") == "one  two");
  for (const std::string& bad : {std::string(201, 'a'), std::string("\xc3"), std::string("a\0b", 3)})
    CHECK_THROWS_AS(projects::checked_field("caption", bad), projects::Refusal);
}

TEST_CASE("a browser's file name is reduced to its last part and made harmless") {
  CHECK(projects::clean_name("beach.jpg") == "beach.jpg");
  CHECK(projects::clean_name("../../etc/passwd") == "passwd");
  CHECK(projects::clean_name("C:\\Users\\ada\\Strand 1.jpg") == "Strand 1.jpg");
  CHECK(projects::clean_name("a\r\nb.jpg") == "ab.jpg");
  CHECK(projects::clean_name("..") == "file");
  CHECK(projects::clean_name("") == "file");
  CHECK(projects::clean_name("\xff\xfe.jpg") == "file");
  std::string long_name;
  for (int i = 0; i < 300; ++i) long_name += "ü";
  CHECK(projects::clean_name(long_name).size() == 400);
}
