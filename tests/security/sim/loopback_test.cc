// Captured emails hold links that sign people in: only this machine may read them.
#include "sim/loopback.h"

#include <doctest/doctest.h>

#include "core/loop.h"
#include "core/problem.h"
#include "sim/sim.h"

namespace {

http::Request from(std::string ip, std::string host) {
  http::Request rq;
  rq.client_ip = std::move(ip);
  if (!host.empty()) rq.headers.add("Host", std::move(host));
  return rq;
}

}  // namespace

TEST_CASE("a name that begins like a loopback address is none") {
  for (const char* host :
       {"127.evil.example", "127.0.0.1.nip.io", "127.0.0.1.nip.io:3000", "localhost.evil.example", "evil.example",
        "[::ffff:127.evil]", "[::1].evil.example", "notlocalhost", "0.0.0.0", "[::]:3000", "[", "[]", ":", ""}) {
    CAPTURE(host);
    CHECK_FALSE(sim::is_local(from("127.0.0.1", host)));
  }
  for (const char* host : {"127.0.0.1:3000", "127.9.8.7", "localhost", "LOCALHOST:3000", "app.localhost:3000",
                           "[::1]:3000", "[::ffff:127.0.0.1]"}) {
    CAPTURE(host);
    CHECK(sim::is_local(from("127.0.0.1", host)));
    CHECK(sim::is_local(from("::1", host)));
  }
  for (const char* ip : {"", "127.evil", "192.0.2.1", "::2", "::ffff:192.0.2.1", "10.0.0.1"}) {
    CAPTURE(ip);
    CHECK_FALSE(sim::is_local(from(ip, "localhost")));
  }
}

TEST_CASE("a request that a proxy passed on is not from this machine") {
  for (const char* header : {"X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Forwarded-Anything",
                             "Forwarded", "X-Real-IP", "Via"}) {
    CAPTURE(header);
    http::Request rq = from("127.0.0.1", "127.0.0.1:3000");
    CHECK(sim::is_local(rq));
    rq.headers.add(header, "203.0.113.9");
    CHECK_FALSE(sim::is_local(rq));
  }
}

TEST_CASE("every page of the simulators is closed to other machines, to a rebound name and to a proxy") {
  sim::Sim sim({});
  http::Router router;
  sim::mount(router, sim);
  REQUIRE(router.routes().size() >= 9);
  core::Loop loop;
  for (const auto& route : router.routes()) {
    CAPTURE(route.pattern);
    http::Request elsewhere = from("192.0.2.1", "localhost");
    http::Request rebound = from("127.0.0.1", "127.0.0.1.nip.io");
    http::Request proxied = from("127.0.0.1", "127.0.0.1");
    proxied.headers.add("X-Forwarded-For", "203.0.113.9");
    for (http::Request* rq : {&elsewhere, &rebound, &proxied}) {
      int status = 0;
      try {
        loop.run_until(route.handler(*rq));
      } catch (const core::Problem& problem) {
        status = problem.status;
      }
      CHECK(status == 404);
    }
  }
}
