// CONTRACT. The HTTP/1.1 server of one loop. Several loops bind one port (SO_REUSEPORT).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/loop.h"
#include "core/task.h"
#include "http/router.h"

namespace http {

struct ServerConfig {
  std::string bind = "127.0.0.1";             // TENON_BIND; 0.0.0.0 in production
  std::vector<std::string> trusted_proxies;   // TRUSTED_PROXIES: addresses or CIDR, comma separated
  int max_connections = 10000;                // MAX_CONNECTIONS, over the loop
  std::string base_url;                       // APP_BASE_URL: https there sets HSTS
  std::vector<std::string> csp_extra;         // "form-action https://…" pieces of the simulator, the S3 origin
  static ServerConfig from(core::Env& env);
};

class Server {
 public:
  // `render_error` makes the HTML page of an error status for those who want HTML (html/ provides it).
  using ErrorPage = std::function<Response(const Request&, const core::Problem&)>;
  Server(core::Loop& loop, ServerConfig config, const Router& router, Identity& identity, ErrorPage error_page);
  ~Server();
  // Listens on `port`, 0 for a free one; returns the port. May be called for several ports. Throws when it is taken.
  int listen(int port);
  // Stops accepting, closes idle connections, waits for what is under way, at most `grace`.
  core::Task<> drain(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
