// The HTTP/1.1 server of one event loop. Several loops may listen on one port (SO_REUSEPORT).
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/loop.h"
#include "core/task.h"
#include "http/router.h"

namespace http {

// How long the server waits (docs/spec/security.md 1.6). Tests shorten them.
struct Timeouts {
  std::chrono::milliseconds head{10000};  // from a head's first byte to its last
  std::chrono::milliseconds body{10000};  // then at least `body_rate` bytes a second
  std::uint64_t body_rate = 1024;
  std::chrono::milliseconds stall{20000};                       // for the next byte of a body, whatever came before
  std::chrono::milliseconds whole_body{std::chrono::hours(6)};  // well below the age at which storage sweeps files
  std::chrono::milliseconds idle{60000};                        // for the next request to begin
  std::chrono::milliseconds reader{20000};                      // for the client to read some of its response
  std::chrono::milliseconds linger{2000};                       // for a refused client to stop sending
};

struct ServerConfig {
  std::string bind = "127.0.0.1";            // TENON_BIND; 0.0.0.0 in production
  std::vector<std::string> trusted_proxies;  // TRUSTED_PROXIES: addresses or CIDR, comma separated
  int max_connections = 10000;               // MAX_CONNECTIONS; a process of several loops gives each its share
  int connections_each = 1000;               // MAX_CONNECTIONS_EACH: of one network in the process, proxies aside
  int streams_each = 20;                     // event streams of one user, or one address, in the process
  std::string base_url;                      // APP_BASE_URL: https there sets HSTS
  std::vector<std::string> csp_sources;      // what modules add to the policy: "form-action https://pay.example"
  Timeouts timeouts;
  static ServerConfig from(core::Env& env);
};

class Server {
 public:
  Server(core::Loop& loop, ServerConfig config, const Router& router, AccessControl& access);
  ~Server();
  // Maps an exception that is no Problem to one (a database outage: 503). Nothing: logged, answered as a bare 500.
  using Translate = std::function<std::optional<core::Problem>(const std::exception_ptr&)>;
  void translate_errors(Translate translate);
  // Listens on `port`, 0 for a free one, and returns the port. May be called several times. Throws when it is taken.
  int listen(int port);
  // Stops accepting, closes idle connections and waits for requests in progress, at most `grace`.
  core::Task<> drain(std::chrono::milliseconds grace);
  std::size_t connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
