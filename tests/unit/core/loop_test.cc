#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "core/loop.h"
#include "core/problem.h"

using namespace core;
using namespace std::chrono_literals;

namespace {
Task<int> add(int a, int b) {
  co_await sleep_for(1ms);
  co_return a + b;
}
Task<> fail() {
  co_await sleep_for(1ms);
  throw Problem(418, "core.teapot");
}
Task<std::string> who() {
  co_await sleep_for(1ms);
  co_return task_context()->request_id;
}
Task<> remember(std::string* out) { *out = co_await who(); }
Task<> count_up(int* n) {
  while (co_await sleep_for(10000ms)) {
  }
  ++*n;
}
}  // namespace

TEST_CASE("awaiting a task returns its result or throws its exception") {
  Loop loop;
  CHECK(loop.run_until(add(2, 3)) == 5);
  CHECK_THROWS_AS(loop.run_until(fail()), Problem);
}

TEST_CASE("each spawned task keeps its own context across waits") {
  Loop loop;
  TaskGroup group(loop);
  std::string first, second;
  auto one = std::make_shared<TaskContext>();
  one->request_id = "one";
  auto two = std::make_shared<TaskContext>();
  two->request_id = "two";
  auto all = [&]() -> Task<> {
    group.spawn("test.one", remember(&first), one);
    group.spawn("test.two", remember(&second), two);
    co_await group.join();
  };
  loop.run_until(all());
  CHECK(first == "one");
  CHECK(second == "two");
}

TEST_CASE("a requested stop ends a long wait at once, and join waits for the end") {
  Loop loop;
  TaskGroup group(loop);
  int ended = 0;
  auto all = [&]() -> Task<> {
    group.spawn("test.a", count_up(&ended));
    group.spawn("test.b", count_up(&ended));
    co_await sleep_for(1ms);
    group.request_stop();
    co_await group.join();
  };
  const auto begun = std::chrono::steady_clock::now();
  loop.run_until(all());
  CHECK(ended == 2);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("an event set before the wait is not lost, and is taken once") {
  Loop loop;
  Event event;
  auto all = [&]() -> Task<int> {
    event.set();
    const bool first = co_await event.wait(1000ms);
    const bool second = co_await event.wait(1ms);
    co_return first * 10 + second;
  };
  CHECK(loop.run_until(all()) == 10);
}

TEST_CASE("offloaded work runs on another thread, comes back, and brings its exception along") {
  Loop loop;
  BlockingPool pool(2, 8);
  const auto here = std::this_thread::get_id();
  auto all = [&]() -> Task<bool> {
    const std::thread::id there = co_await offload(pool, [] { return std::this_thread::get_id(); });
    co_return there != here&& std::this_thread::get_id() == here;
  };
  CHECK(loop.run_until(all()));
  auto throwing = [&]() -> Task<> { co_await offload(pool, [] { throw std::runtime_error("inside"); }); };
  CHECK_THROWS_WITH(loop.run_until(throwing()), "inside");
}

TEST_CASE("a full pool refuses with 503 instead of growing") {
  Loop loop;
  std::atomic<bool> begun{false}, go{false};  // outlive the pool, whose thread uses them
  BlockingPool pool(1, 1);
  REQUIRE(pool.submit([&] {
    begun = true;
    while (!go) std::this_thread::yield();
  }));
  while (!begun) std::this_thread::yield();  // or the place in the queue that is taken now would be free again at once
  REQUIRE(pool.submit([] {}));
  auto one_more = [&]() -> Task<> { co_await offload(pool, [] {}); };
  CHECK_THROWS_AS(loop.run_until(one_more()), Problem);
  go = true;
}

TEST_CASE("a task spawned before the loop runs waits on that loop") {
  Loop loop;
  TaskGroup group(loop);
  std::string seen;
  auto mine = std::make_shared<TaskContext>();
  mine->request_id = "early";
  group.spawn("test.early", remember(&seen), mine);
  auto all = [&]() -> Task<> { co_await group.join(); };
  loop.run_until(all());
  CHECK(seen == "early");
}
