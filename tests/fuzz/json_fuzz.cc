// JSON bodies: what is read can be written and read again, and means the same.
#include <cstdint>
#include <cstdlib>

#include "core/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto json = core::Json::parse(bytes);
  core::JsonWriter w;
  w.begin().field("text", bytes).end();
  const auto written = core::Json::parse(w.str());
  if (!written || !(*written)["text"].is_string()) std::abort();  // any bytes, a string all the same
  if (!json) return 0;
  const std::string once = json->dump();
  const auto again = core::Json::parse(once);
  if (!again || again->dump() != once || again->size() != json->size()) std::abort();
  for (const auto& [name, value] : json->members()) {
    (void)value.integer();
    (void)value.number();
    (void)value.string_or("");
    if (!json->has(name)) std::abort();
  }
  for (std::size_t i = 0; i < json->elements().size() + 1; ++i) (void)(*json)[i];
  return 0;
}
