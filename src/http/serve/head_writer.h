// Writes the head of every response: the fixed headers, and all others in the one place that checks them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/request.h"
#include "http/response.h"
#include "http/serve/csp.h"
#include "http/server.h"

namespace http::serve {

struct Framing {
  bool keep_alive = false;
  bool http_1_0 = false;
  bool chunked = false;
  std::optional<std::uint64_t> length;
};

class HeadWriter {
 public:
  explicit HeadWriter(const ServerConfig& config);
  // Status line to empty line. Throws std::logic_error when a header would break out of its line.
  std::string write(const Request& rq, const Response& response, const Framing& framing) const;

 private:
  void add_security(std::string& out, const Request& rq, const Response& response) const;
  ContentSecurityPolicy csp_;
  bool https_;
};

}  // namespace http::serve
