#include "sim/loopback.h"

#include "core/text.h"

namespace sim {
namespace {

bool is_loopback(std::string_view host) {
  return host == "::1" || host == "[::1]" || host == "localhost" || host.ends_with(".localhost") ||
         host.starts_with("127.") || host.starts_with("::ffff:127.");
}

std::string without_port(std::string_view host) {
  if (host.starts_with('[')) return core::lower(host.substr(0, host.find(']') + 1));
  return core::lower(host.substr(0, host.find(':')));
}

}  // namespace

bool is_local(const http::Request& rq) {
  const bool named = rq.header("host").empty() || is_loopback(without_port(rq.header("host")));
  return named && is_loopback(rq.client_ip);
}

bool is_same_origin(const http::Request& rq) {
  const std::string_view site = rq.header("sec-fetch-site");
  return site.empty() || site == "same-origin" || site == "none";
}

}  // namespace sim
