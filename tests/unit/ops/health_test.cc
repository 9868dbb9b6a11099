#include "ops/health.h"

#include <doctest/doctest.h>

#include "core/loop.h"
#include "support/wait.h"

namespace {

int status_of(core::Loop& loop, const http::Router& router) {
  http::Request rq;
  return loop.run_until(router.find(http::Method::get, "/readyz").route->handler(rq)).status;
}

}  // namespace

TEST_CASE("after a check that ended by an exception the next request is checked again") {
  core::Loop loop;
  http::Router router;
  int asked = 0;
  const auto answers = [&]() -> core::Task<bool> {
    ++asked;
    if (asked == 1 || asked == 3) throw 42;  // not even a std::exception
    co_return asked > 3;
  };
  ops::mount(router, {{"database", answers}});
  CHECK_THROWS(status_of(loop, router));
  CHECK(status_of(loop, router) == 503);
  const auto throws = [&] {
    try {
      status_of(loop, router);
    } catch (int) {
      return true;
    }
    return false;
  };
  CHECK(support::wait_until(throws));  // when the cached result has expired
  CHECK(support::wait_until([&] { return status_of(loop, router) == 200; }));
  CHECK(asked == 4);
}

TEST_CASE("whoever asks during the first check gets its result") {
  core::Loop loop;
  http::Router router;
  const auto answers = []() -> core::Task<bool> {
    co_await core::sleep_for(std::chrono::milliseconds(20));  // long enough for the second request to come
    co_return true;
  };
  ops::mount(router, {{"database", answers}});
  http::Request one, two;
  int first = 0, second = 0;
  const auto ask = [&](http::Request& rq, int& status) -> core::Task<> {
    status = (co_await router.find(http::Method::get, "/readyz").route->handler(rq)).status;
  };
  const auto both = [&]() -> core::Task<> {
    core::TaskGroup group(loop);
    group.spawn("first", ask(one, first));
    group.spawn("second", ask(two, second));
    co_await group.join();
  };
  loop.run_until(both());
  CHECK(first == 200);
  CHECK(second == 200);
}
