#include "http/server.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_CASE("unless told otherwise the server waits and holds as much as security.md 1.6 allows, not more") {
  core::Env env(std::map<std::string, std::string>{});
  const http::ServerConfig config = http::ServerConfig::from(env);
  CHECK(config.bind == "127.0.0.1");
  CHECK(config.trusted_proxies.empty());
  CHECK(config.max_connections == 10000);
  CHECK(config.patience.head == 10s);
  CHECK(config.patience.body == 10s);
  CHECK(config.patience.body_rate == 1024);
  CHECK(config.patience.idle == 60s);
  CHECK(config.patience.reader == 20s);
  CHECK(config.patience.stall <= 20s);
}
