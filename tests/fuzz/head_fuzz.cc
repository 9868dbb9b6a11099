// The strict head check. What passes must be canonical, and judged the same however its bytes are cut.
#include <cstdint>
#include <cstdlib>

#include "core/text.h"
#include "http/parse/head.h"

using http::parse::HeadScanner;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  HeadScanner whole;
  const auto state = whole.scan(bytes);
  HeadScanner cut;
  const auto first = cut.scan(bytes.substr(0, size / 2));
  const auto second = cut.scan(bytes);
  if (first != HeadScanner::State::more ? second != first : second != state) std::abort();
  if (state != HeadScanner::State::complete) return 0;
  const auto head = http::parse::parse_head(bytes.substr(whole.begin(), whole.end() - whole.begin()));
  if (!head) return 0;
  int hosts = 0, lengths = 0, codings = 0;
  for (const auto& [name, value] : head->headers.all()) {
    hosts += core::iequals(name, "host");
    lengths += core::iequals(name, "content-length");
    codings += core::iequals(name, "transfer-encoding");
    if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos) std::abort();
  }
  if (hosts != 1 || lengths + codings > 1) std::abort();
  if ((head->framing == http::parse::Framing::chunked) != (codings == 1)) std::abort();
  return 0;
}
