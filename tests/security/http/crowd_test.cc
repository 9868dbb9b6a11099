// Many clients at once: idle ones, slow ones, and one that wants an answer now.
#include <doctest/doctest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <list>
#include <vector>

#include "security/http/support/live_server.h"
#include "security/http/support/routes.h"

using live::get;
using live::Socket;
using namespace std::chrono_literals;

namespace {

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(std::max(limit.rlim_cur, count), limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Of three rounds, as other processes share the machine with this test.
double best_p99(int port) {
  double best = 1e9;
  Socket probe(port);
  for (int round = 0; round < 3; ++round) {
    std::vector<double> times;
    for (int i = 0; i < 500; ++i) {
      const auto began = std::chrono::steady_clock::now();
      probe.send(get("/hello"));
      REQUIRE(probe.answer().status == 200);
      times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
    }
    std::ranges::sort(times);
    best = std::min(best, times[times.size() * 99 / 100]);
  }
  return best;
}

}  // namespace

TEST_CASE(
    "2,000 idle connections cost less than 16 KiB each, and with 600 slow ones others are served in milliseconds") {
  allow_descriptors(8192);
  live::Seen seen;
  http::ServerConfig config = live::quick();
  config.connections_each = config.max_connections;  // they all come from one address
  config.timeouts.idle = 60s;
  config.timeouts.head = config.timeouts.body = config.timeouts.stall = 4s;
  live::Server server([&](http::Router& router) { live::mount_all(router, seen); }, config);
  {
    Socket warm(server.port());
    warm.send(get("/hello"));
    CHECK(warm.answer().status == 200);
  }

  const std::size_t before = resident_bytes();
  std::list<Socket> idle;
  for (int i = 0; i < 2000; ++i) {
    idle.emplace_back(server.port());
    idle.back().send(get("/hello"));
    REQUIRE(idle.back().answer().status == 200);
  }
  const std::size_t each = (resident_bytes() - std::min(before, resident_bytes())) / 2000;

  std::list<Socket> slow;
  for (int i = 0; i < 600; ++i) {
    slow.emplace_back(server.port());
    slow.back().send(i % 2 ? "GET /hello HTTP/1.1\r\nHost: a\r\nX: "
                           : "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na");
  }
  const double p99 = best_p99(server.port());
  MESSAGE("bytes a connection (client's side included): " << each << "; p99 in ms: " << p99);
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // they keep what is freed, for a while
  CHECK(each < 16384);
#endif
  CHECK(p99 < 10.0);

  const auto began = std::chrono::steady_clock::now();
  for (Socket& one : slow) {
    const auto told = one.until_closed(20s);
    REQUIRE(told);
    CHECK(told->starts_with("HTTP/1.1 408 "));
  }
  MESSAGE("slow clients were cut off within ms: "
          << std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
  idle.front().send(get("/hello"));
  CHECK(idle.front().answer().status == 200);
}

TEST_CASE("when descriptors run out clients are turned away, and served again when there are some") {
  live::Seen seen;
  http::ServerConfig config = live::quick();
  config.timeouts.idle = 60s;
  live::Server server([&](http::Router& router) { live::mount_all(router, seen); }, config);
  Socket kept(server.port());
  kept.send(get("/hello"));
  CHECK(kept.answer().status == 200);
  std::list<Socket> late;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  // The clients' sockets take the numbers below the new limit; none is left for the server's side of the last ones.
  const int next = ::dup(0);
  ::close(next);
  rlimit tight{.rlim_cur = static_cast<rlim_t>(next) + 9, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  int turned_away = 0;
  try {
    for (int i = 0; i < 9; ++i) {
      late.emplace_back(server.port());
      late.back().send(get("/hello"));
      if (late.back().answer().status != 200) ++turned_away;
    }
  } catch (const std::exception&) {
  }
  kept.send(get("/hello"));
  CHECK(kept.answer().status == 200);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(turned_away > 0);
  late.clear();
  CHECK(live::ask(server.port(), get("/hello")).status == 200);
}
