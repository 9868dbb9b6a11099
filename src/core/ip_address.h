// IP addresses and networks, over Boost.Asio's parser. An IPv4 address equals its form mapped into IPv6.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace core {

class IpAddress {
 public:
  // "192.0.2.1" or "2001:db8::1"; no zone, no port.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress from_bytes(const std::array<std::uint8_t, 16>& bytes) { return IpAddress(bytes); }

  std::string str() const;  // an address mapped from IPv4 in dotted form
  bool is_v4() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  IpAddress network(int prefix_length) const;  // of 128 bits: an IPv4 network has 96 more than its own length
  bool operator==(const IpAddress&) const = default;

 private:
  explicit IpAddress(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}
  std::array<std::uint8_t, 16> bytes_;
};

class IpNetwork {
 public:
  // An address, or a CIDR block: "10.0.0.0/8", "fd00::/8".
  static std::optional<IpNetwork> parse(std::string_view text);
  bool contains(const IpAddress& address) const { return address.network(prefix_length_) == first_; }

 private:
  IpNetwork(const IpAddress& address, int prefix_length)
      : first_(address.network(prefix_length)), prefix_length_(prefix_length) {}
  IpAddress first_;
  int prefix_length_;
};

}  // namespace core
