// The session cookie as a stranger writes it: plain, percent-encoded, base64url, and in chunks.
#include <cstdint>
#include <cstdlib>

#include "access/session_cookie.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  static const access_control::Config config;
  const std::string name = config.cookie_name();
  const std::size_t half = size / 2;
  for (const std::string& cookie : {bytes, name + "=" + bytes, name + "=base64-" + bytes,
                                    name + ".0=" + bytes.substr(0, half) + "; " + name + ".1=" + bytes.substr(half)}) {
    http::Request rq;
    rq.headers.add("Cookie", cookie);
    const auto session = access_control::read_session(config, rq);
    if (session && (session->access_token.empty() || session->access_token.size() > 3 * size)) std::abort();
    if (session && !access_control::sends_session(config, rq)) std::abort();
    (void)access_control::clear_session(config, rq);
    (void)access_control::read_visitor(config, rq);
  }
  return 0;
}
