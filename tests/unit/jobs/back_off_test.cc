#include "jobs/back_off.h"

#include <doctest/doctest.h>

TEST_CASE("the wait doubles with each attempt and ends at five minutes") {
  CHECK(jobs::back_off_seconds(0, 0.5) == 2);
  CHECK(jobs::back_off_seconds(1, 0.5) == 4);
  CHECK(jobs::back_off_seconds(6, 0.5) == 128);
  CHECK(jobs::back_off_seconds(8, 0.5) == 300);
  CHECK(jobs::back_off_seconds(1000, 0.5) == 300);
  CHECK(jobs::back_off_seconds(-1, 0.5) == 2);
}

TEST_CASE("two jobs that failed together do not return together") {
  CHECK(jobs::back_off_seconds(6, 0) == 102);
  CHECK(jobs::back_off_seconds(6, 0.999) == 154);
  CHECK(jobs::back_off_seconds(0, 0) >= 1);
}
