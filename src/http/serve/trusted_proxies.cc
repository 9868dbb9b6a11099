#include "http/serve/trusted_proxies.h"

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

// All values of a list header, in order, over all its lines.
std::vector<std::string_view> list_of(const Headers& headers, std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& [found, value] : headers.all())
    if (core::iequals(found, name))
      for (std::string_view one : core::split(value, ',')) out.push_back(core::trim(one));
  return out;
}

}  // namespace

std::string client_network(std::string_view ip) {
  const auto address = core::IpAddress::parse(ip);
  if (!address) return std::string(ip);
  return address->is_v4() ? address->str() : address->network(64).str() + "/64";
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& trusted) {
  for (const std::string& entry : trusted) {
    const std::string_view text = core::trim(entry);
    if (text.empty()) continue;
    const auto network = core::IpNetwork::parse(text);
    if (!network)
      throw std::invalid_argument("TRUSTED_PROXIES: \"" + entry + "\" is neither an address nor a CIDR block");
    networks_.push_back(*network);
  }
}

bool TrustedProxies::trusts(const core::IpAddress& address) const {
  return std::ranges::any_of(networks_, [&](const core::IpNetwork& network) { return network.contains(address); });
}

// From the right, as each proxy appends: the first address that is not a trusted proxy is the client's.
TrustedProxies::Origin TrustedProxies::origin(const std::string& peer, const Headers& headers) const {
  Origin out{.ip = peer};
  const auto direct = core::IpAddress::parse(peer);
  if (!direct) return out;
  out.ip = direct->str();
  if (!trusts(*direct)) return out;
  const auto hops = list_of(headers, "x-forwarded-for");
  bool found = false;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = core::IpAddress::parse(without_port(*hop));
    if (!address) break;
    out.ip = address->str();
    found = true;
    if (!trusts(*address)) break;
  }
  if (!found)
    if (const auto real = core::IpAddress::parse(without_port(headers.get("x-real-ip")))) out.ip = real->str();
  const auto schemes = list_of(headers, "x-forwarded-proto");
  out.https = !schemes.empty() && core::iequals(schemes.back(), "https");
  return out;
}

}  // namespace http::serve
