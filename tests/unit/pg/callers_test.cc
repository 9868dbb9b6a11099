#include "pg/callers.h"

#include <doctest/doctest.h>

using namespace pg::detail;

namespace {

constexpr Instant kNow{std::chrono::seconds{1000}};

}  // namespace

TEST_CASE("beside another caller one has four requests under way, a slow one a single one, and alone any number") {
  Callers callers;
  Caller& mallory = callers.arrive("mallory");
  mallory.units = 100;
  CHECK(callers.may_send(mallory, kNow));
  Caller& ada = callers.arrive("ada");
  CHECK_FALSE(callers.may_send(mallory, kNow));
  mallory.units = 3;
  CHECK(callers.may_send(mallory, kNow));
  mallory.units = 4;
  CHECK_FALSE(callers.may_send(mallory, kNow));
  mallory.units = 1;
  mallory.slow_until = kNow + kSlowFor;
  CHECK_FALSE(callers.may_send(mallory, kNow));
  CHECK(callers.may_send(mallory, kNow + kSlowFor));
  mallory.units = 0;
  CHECK(callers.may_send(mallory, kNow));
  mallory.units = 100;
  callers.depart(ada, kNow);
  CHECK(callers.may_send(mallory, kNow));
}

TEST_CASE("work without a name has no bound") {
  Callers callers;
  Caller& background = callers.arrive("");
  callers.arrive("ada");
  background.units = 1000;
  CHECK(callers.may_send(background, kNow));
  CHECK(callers.may_wait(background, 100'000));
}

TEST_CASE("a slow caller stays one when it comes again") {
  Callers callers;
  callers.arrive("mallory").slow_until = kNow + kSlowFor;
  callers.depart(callers.arrive("mallory"), kNow);
  Caller& again = callers.arrive("mallory");
  CHECK(again.is_slow(kNow));
}

TEST_CASE("callers take turns, whatever the number of requests of each") {
  Callers callers;
  Caller& mallory = callers.arrive("mallory");
  Caller& ada = callers.arrive("ada");
  Turns<PipelineRequest, &Caller::requests> waiting;
  PipelineRequest many[3], one;
  for (PipelineRequest& request : many) waiting.push(mallory, request);
  waiting.push(ada, one);
  const auto anybody = [](const Caller&) { return true; };
  CHECK(waiting.pop(anybody) == &many[0]);
  CHECK(waiting.pop(anybody) == &one);
  CHECK(waiting.pop(anybody) == &many[1]);
  CHECK(waiting.pop([&](const Caller& caller) { return &caller == &ada; }) == nullptr);
  CHECK(waiting.size() == 1);
}
