// The fixed headers of every answer, and the one place where a head is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/request.h"
#include "http/response.h"
#include "http/server.h"

namespace http::serve {

class Policy {
 public:
  explicit Policy(const ServerConfig& config);

  struct Framing {
    bool keep_alive = false;
    bool http_1_0 = false;
    bool chunked = false;
    std::optional<std::uint64_t> length;
  };
  // Status line to empty line. Throws std::logic_error when a header would break out of its line.
  std::string write_head(const Request& rq, const Response& answer, const Framing& framing) const;
  // The Content-Security-Policy (docs/spec/ui.md 2) with this nonce and the configured sources.
  std::string csp(std::string_view nonce) const;

 private:
  void add_security(std::string& out, const Request& rq, const Response& answer) const;
  std::string csp_before_nonce_;
  std::string csp_after_nonce_;
  bool https_ = false;
};

// The response to a preflight request of a group that is open to any origin, or nothing.
std::optional<Response> preflight(const Request& rq);

// Gzips a public page that holds nothing secret. A page with a session or a form token stays as it is: compressed
// length would tell about them (BREACH).
void compress_public_page(const Request& rq, Response& answer);

}  // namespace http::serve
