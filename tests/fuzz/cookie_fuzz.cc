// Cookie headers, and the Accept header beside them.
#include <cstdint>
#include <cstdlib>

#include "http/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  http::Request rq;
  rq.headers.add("Cookie", bytes);
  rq.headers.add("Accept", bytes);
  for (const char* name : {"sb-127-auth-token", "sb-127-auth-token.0", "a", ""}) {
    const auto value = rq.cookie(name);
    if (value && (value->size() > size || value->contains(';'))) std::abort();
  }
  (void)rq.wants_html();
  return 0;
}
