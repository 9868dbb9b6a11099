#include "sim/loopback.h"

#include <arpa/inet.h>

#include <algorithm>

#include "core/text.h"

namespace sim {
namespace {

// "localhost" and names below it never leave the machine (RFC 6761 6.3).
bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    const std::string_view port = end == std::string_view::npos ? "" : host.substr(end + 1);
    return (port.empty() || port.starts_with(':')) && is_loopback_address(host.substr(1, end - 1));
  }
  const std::string name = core::lower(host.substr(0, host.find(':')));
  return name == "localhost" || name.ends_with(".localhost") || is_loopback_address(name);
}

bool is_forwarding(std::string_view header) {
  const std::string name = core::lower(header);
  return name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip" || name == "via";
}

}  // namespace

bool is_loopback_address(std::string_view text) {
  const std::string address(text);
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

bool is_local(const http::Request& rq) {
  if (!is_loopback_address(rq.client_ip) || !is_loopback_host(rq.header("host"))) return false;
  return std::ranges::none_of(rq.headers.all(), [](const auto& header) { return is_forwarding(header.first); });
}

bool is_same_origin(const http::Request& rq) {
  const std::string_view site = rq.header("sec-fetch-site");
  return site.empty() || site == "same-origin" || site == "none";
}

}  // namespace sim
