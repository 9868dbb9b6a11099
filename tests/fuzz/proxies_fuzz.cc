// X-Forwarded-For and X-Real-IP from a trusted proxy: the client is always an address, never arbitrary text.
#include <cstdint>
#include <cstdlib>

#include "http/serve/trusted_proxies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  static const http::serve::TrustedProxies proxies({"127.0.0.1", "10.0.0.0/8", "fd00::/8"});
  for (const char* name : {"X-Forwarded-For", "X-Real-IP"}) {
    http::Headers headers;
    headers.add(name, bytes);
    headers.add("X-Forwarded-Proto", bytes);
    if (!core::IpAddress::parse(proxies.origin("127.0.0.1", headers).ip)) std::abort();
    if (proxies.origin("192.0.2.1", headers).ip != "192.0.2.1") std::abort();
  }
  return 0;
}
