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

TEST_CASE("a caption is one line of at most 200 characters and may be empty") {
  CHECK(projects::checked_caption("").empty());
  CHECK(projects::checked_caption(" one\r\ntwo ") == "one  two");
  CHECK_THROWS_AS(projects::checked_caption(std::string(201, 'a')), core::Problem);
  CHECK_THROWS_AS(projects::checked_caption("\xc3"), core::Problem);
  CHECK_THROWS_AS(projects::checked_caption(std::string("a\0b", 3)), core::Problem);
}
