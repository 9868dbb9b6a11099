// Request targets and forms: what passes is valid UTF-8 and climbs nowhere.
#include <cstdint>
#include <cstdlib>

#include "core/text.h"
#include "http/parse/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto target = http::parse::parse_target(http::Method::get, bytes, "a.example");
  if (target) {
    if (!target->path.starts_with('/') || !core::valid_utf8(target->path)) std::abort();
    if (target->path.contains('\0') || target->queries.size() > http::parse::kMaxPairs) std::abort();
    for (std::string_view segment : core::split(target->path, '/'))
      if (segment == "." || segment == "..") std::abort();
  }
  http::parse::Pairs pairs;
  if (http::parse::parse_pairs(bytes, pairs) == http::parse::PairsFault::none)
    for (const auto& [name, value] : pairs)
      if (!core::valid_utf8(name) || !core::valid_utf8(value) || value.contains('\0')) std::abort();
  return 0;
}
