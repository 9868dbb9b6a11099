#include <doctest/doctest.h>

#include "core/loop.h"
#include "core/problem.h"
#include "sim/inbox.h"
#include "sim/inbox_pages.h"
#include "sim/loopback.h"
#include "sim/sim.h"

namespace {

http::Request from(std::string ip, std::string host) {
  http::Request rq;
  rq.client_ip = std::move(ip);
  rq.headers.add("Host", std::move(host));
  return rq;
}

}  // namespace

TEST_CASE("only this machine, by a loopback name, reaches a simulator") {
  CHECK(sim::is_local(from("127.0.0.1", "localhost:3000")));
  CHECK(sim::is_local(from("127.0.0.1", "127.0.0.1:3000")));
  CHECK(sim::is_local(from("::1", "[::1]:3000")));
  CHECK(sim::is_local(from("::ffff:127.0.0.1", "app.localhost")));
  CHECK_FALSE(sim::is_local(from("192.0.2.1", "localhost:3000")));
  CHECK_FALSE(sim::is_local(from("", "localhost:3000")));
  CHECK_FALSE(sim::is_local(from("127.0.0.1", "evil.example:3000")));
  CHECK_FALSE(sim::is_local(from("127.0.0.1", "localhost.evil.example")));
}

TEST_CASE("another site's page cannot delete the emails") {
  sim::Inbox inbox("");
  http::Request rq = from("127.0.0.1", "localhost");
  rq.headers.add("Sec-Fetch-Site", "cross-site");
  CHECK_THROWS_AS(sim::clear(inbox, rq), core::Problem);
  rq.headers.set("Sec-Fetch-Site", "same-origin");
  CHECK(sim::clear(inbox, rq).status == 204);
}
