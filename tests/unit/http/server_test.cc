#include "http/server.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_CASE("by default the server waits no longer, and accepts no more connections, than specified") {
  core::Env env(std::map<std::string, std::string>{});
  const http::ServerConfig config = http::ServerConfig::from(env);
  CHECK(config.bind == "127.0.0.1");
  CHECK(config.trusted_proxies.empty());
  CHECK(config.max_connections == 10000);
  CHECK(config.timeouts.head == 10s);
  CHECK(config.timeouts.body == 10s);
  CHECK(config.timeouts.body_rate == 1024);
  CHECK(config.timeouts.idle == 60s);
  CHECK(config.timeouts.reader == 20s);
  CHECK(config.timeouts.stall <= 20s);
}
