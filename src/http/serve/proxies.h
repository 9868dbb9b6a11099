// Who a request comes from. What X-Forwarded-* and X-Real-IP say counts only from a configured proxy.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace http::serve {

// An address as 16 bytes, IPv4 mapped into IPv6.
using Address = std::array<std::uint8_t, 16>;
std::optional<Address> parse_address(std::string_view text);

class Proxies {
 public:
  // Addresses or CIDR blocks; throws std::invalid_argument for what is neither.
  explicit Proxies(const std::vector<std::string>& trusted);
  struct Origin {
    std::string ip;
    bool https = false;
  };
  Origin origin(const std::string& peer, const Headers& headers) const;

 private:
  struct Block {
    Address address;
    int bits;
  };
  bool trusts(const Address& address) const;
  std::vector<Block> blocks_;
};

}  // namespace http::serve
