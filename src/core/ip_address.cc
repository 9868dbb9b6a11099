#include "core/ip_address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "core/text.h"

namespace core {

namespace ip = boost::asio::ip;

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() > 45 || text.contains('%') || text.contains('\0')) return std::nullopt;
  boost::system::error_code fault;
  const ip::address address = ip::make_address(text, fault);
  if (fault) return std::nullopt;
  const ip::address_v6 mapped = address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
  return IpAddress(mapped.to_bytes());
}

bool IpAddress::is_v4() const { return ip::address_v6(bytes_).is_v4_mapped(); }

std::string IpAddress::str() const {
  const ip::address_v6 address(bytes_);
  return address.is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, address).to_string() : address.to_string();
}

IpAddress IpAddress::network(int prefix_length) const {
  const auto length = static_cast<unsigned short>(std::clamp(prefix_length, 0, 128));
  return IpAddress(ip::make_network_v6(ip::address_v6(bytes_), length).network().to_bytes());
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const bool four = !text.substr(0, slash).contains(':');
  const int longest = four ? 32 : 128;
  const auto length = slash < text.size() ? parse_int(text.substr(slash + 1)) : longest;
  if (!length || *length < 0 || *length > longest) return std::nullopt;
  return IpNetwork(*address, static_cast<int>(*length) + (four ? 96 : 0));
}

}  // namespace core
