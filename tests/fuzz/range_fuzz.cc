// Range, If-None-Match and Accept-Encoding: a part always lies within the file.
#include <cstdint>
#include <cstdlib>

#include "http/parse/range.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0} / 2}) {
    const auto range = http::parse::parse_range(bytes, length);
    if (range.kind != http::parse::Range::Kind::part) continue;
    if (range.length == 0 || range.first >= length || range.length > length - range.first) std::abort();
  }
  (void)http::parse::etag_in(bytes, "\"a\"");
  const int weight = http::parse::accepts(bytes, "gzip");
  if (weight < 0 || weight > 1000) std::abort();
  return 0;
}
