#include "http/serve/proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

#include "core/text.h"

namespace http::serve {
namespace {

// "1.2.3.4:567" and "[::1]:567" without their port.
std::string_view without_port(std::string_view text) {
  text = core::trim(text);
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? text : text.substr(1, end - 1);
  }
  return std::ranges::count(text, ':') == 1 ? text.substr(0, text.find(':')) : text;
}

std::string print(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), address.begin()))
    inet_ntop(AF_INET, address.data() + 12, text, sizeof text);
  else inet_ntop(AF_INET6, address.data(), text, sizeof text);
  return text;
}

// All values of a list header, in order, however many lines it has.
std::vector<std::string_view> list_of(const Headers& headers, std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& [found, value] : headers.all())
    if (core::iequals(found, name))
      for (std::string_view one : core::split(value, ',')) out.push_back(core::trim(one));
  return out;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  if (text.empty() || text.size() > 45) return std::nullopt;
  const std::string zero_ended(text);
  Address out{};
  if (inet_pton(AF_INET6, zero_ended.c_str(), out.data()) == 1) return out;
  if (inet_pton(AF_INET, zero_ended.c_str(), out.data() + 12) != 1) return std::nullopt;
  out[10] = out[11] = 0xff;
  return out;
}

Proxies::Proxies(const std::vector<std::string>& trusted) {
  for (const std::string& entry : trusted) {
    const std::string_view text = core::trim(entry);
    if (text.empty()) continue;
    const std::size_t slash = std::min(text.find('/'), text.size());
    const auto address = parse_address(text.substr(0, slash));
    const bool four = text.substr(0, slash).contains('.') && !text.contains(':');
    const auto bits = slash < text.size() ? core::parse_int(text.substr(slash + 1)) : (four ? 32 : 128);
    if (!address || !bits || *bits < 0 || *bits > (four ? 32 : 128))
      throw std::invalid_argument("TRUSTED_PROXIES: \"" + entry + "\" is neither an address nor a CIDR block");
    blocks_.push_back({*address, static_cast<int>(*bits) + (four ? 96 : 0)});
  }
}

bool Proxies::trusts(const Address& address) const {
  return std::ranges::any_of(blocks_, [&](const Block& block) {
    for (int bit = 0; bit < block.bits; ++bit) {
      const auto byte = static_cast<std::size_t>(bit / 8);
      const int mask = 0x80 >> (bit % 8);
      if ((address[byte] & mask) != (block.address[byte] & mask)) return false;
    }
    return true;
  });
}

// From the right, as each proxy appends: the first address that is no proxy of ours is the client's.
Proxies::Origin Proxies::origin(const std::string& peer, const Headers& headers) const {
  Origin out{.ip = peer};
  const auto direct = parse_address(peer);
  if (!direct) return out;
  out.ip = print(*direct);
  if (!trusts(*direct)) return out;
  const auto hops = list_of(headers, "x-forwarded-for");
  bool found = false;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = parse_address(without_port(*hop));
    if (!address) break;
    out.ip = print(*address);
    found = true;
    if (!trusts(*address)) break;
  }
  if (!found)
    if (const auto real = parse_address(without_port(headers.get("x-real-ip")))) out.ip = print(*real);
  const auto schemes = list_of(headers, "x-forwarded-proto");
  out.https = !schemes.empty() && core::iequals(schemes.back(), "https");
  return out;
}

}  // namespace http::serve
