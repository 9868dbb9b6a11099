// Where a request comes from. X-Forwarded-* and X-Real-IP count only from a configured proxy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.h"
#include "http/request.h"

namespace http::serve {

// One client's network: an IPv4 address, or the /64 of an IPv6 address.
std::string client_network(std::string_view ip);

class TrustedProxies {
 public:
  // Addresses or CIDR blocks. Throws std::invalid_argument for anything else.
  explicit TrustedProxies(const std::vector<std::string>& trusted);
  struct Origin {
    std::string ip;
    bool https = false;
  };
  Origin origin(const std::string& peer, const Headers& headers) const;
  bool trusts(const core::IpAddress& address) const;

 private:
  std::vector<core::IpNetwork> networks_;
};

}  // namespace http::serve
