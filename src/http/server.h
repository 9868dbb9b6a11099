// CONTRACT. The HTTP/1.1 server of one loop. Several loops bind one port (SO_REUSEPORT).
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

// How long the server waits; spec/security.md 1.6. Tests shorten them.
struct Timeouts {
  std::chrono::milliseconds head{10000};  // from a head's first byte to its last
  std::chrono::milliseconds body{10000};  // then at least `body_rate` bytes a second
  std::uint64_t body_rate = 1024;
  std::chrono::milliseconds stall{20000};                       // for the next byte, whatever came before
  std::chrono::milliseconds whole_body{std::chrono::hours(6)};  // well below the age at which storage sweeps files
  std::chrono::milliseconds idle{60000};                        // for a request to begin
  std::chrono::milliseconds reader{20000};                      // for a client to take some of its answer
  std::chrono::milliseconds linger{2000};                       // for a refused client to stop sending
};

struct ServerConfig {
  std::string bind = "127.0.0.1";            // TENON_BIND; 0.0.0.0 in production
  std::vector<std::string> trusted_proxies;  // TRUSTED_PROXIES: addresses or CIDR, comma separated
  int max_connections = 10000;               // MAX_CONNECTIONS; a process of several loops gives each its share
  int streams_each = 20;                     // event streams of one person, or one address, over the process
  std::string base_url;                      // APP_BASE_URL: https there sets HSTS
  std::vector<std::string> csp_extra;        // "form-action https://…" pieces of the simulator, the S3 origin
  Timeouts patience;
  static ServerConfig from(core::Env& env);
};

class Server {
 public:
  // `render_error` makes the HTML page of an error status for those who want HTML (html/ provides it).
  using ErrorPage = std::function<Response(const Request&, const core::Problem&)>;
  Server(core::Loop& loop, ServerConfig config, const Router& router, Identity& identity, ErrorPage error_page);
  ~Server();
  // What a handler threw as a Problem for the outside (a database outage: 503), or nothing: a bare 500 and a log line.
  using Translate = std::function<std::optional<core::Problem>(const std::exception_ptr&)>;
  void translate_errors(Translate translate);
  // The answer to a Problem where a path has a shape of its own; nothing: http::problem. Of a request that was refused
  // before it was understood only the path is there, as the request line says it.
  using Shape = std::function<std::optional<Response>(const Request&, const core::Problem&)>;
  void shape_errors(Shape shape);
  // Listens on `port`, 0 for a free one; returns the port. May be called for several ports. Throws when it is taken.
  int listen(int port);
  // Stops accepting, closes idle connections, waits for what is under way, at most `grace`.
  core::Task<> drain(std::chrono::milliseconds grace);
  std::size_t connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
