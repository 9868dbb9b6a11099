// The session cookie as a stranger writes it: plain, percent-encoded, base64url, and in chunks.
#include <cstdint>
#include <cstdlib>

#include "auth/cookies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  static const auth::Config config;
  const std::string name = config.cookie_name();
  const std::size_t half = size / 2;
  for (const std::string& cookie : {bytes, name + "=" + bytes, name + "=base64-" + bytes,
                                    name + ".0=" + bytes.substr(0, half) + "; " + name + ".1=" + bytes.substr(half)}) {
    http::Request rq;
    rq.headers.add("Cookie", cookie);
    const auto session = auth::read_session(config, rq);
    if (session && (session->access_token.empty() || session->access_token.size() > 3 * size)) std::abort();
    if (session && !auth::sends_session(config, rq)) std::abort();
    (void)auth::clear_session(config, rq);
    (void)auth::read_visitor(config, rq);
  }
  return 0;
}
