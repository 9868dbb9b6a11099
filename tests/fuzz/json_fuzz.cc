// JSON bodies: what is read can be written and read again, and means the same.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "core/json.h"

namespace {

// Boost.JSON's parser may miss the nearest double by the last place, and so the greatest double altogether.
constexpr double kCertain = 1.7e308;

bool is_certain(const core::Json& json) {
  if (const auto number = json.number()) return std::abs(*number) < kCertain;
  for (const auto& [name, value] : json.members())
    if (!is_certain(value)) return false;
  for (const core::Json& element : json.elements())
    if (!is_certain(element)) return false;
  return true;
}

bool means_the_same(const core::Json& a, const core::Json& b) {
  if (a.is_number()) return b.is_number() && std::abs(*a.number() - *b.number()) <= 1e-14 * std::abs(*a.number());
  if (a.size() != b.size() || a.is_object() != b.is_object() || a.is_array() != b.is_array()) return false;
  for (const auto& [name, value] : a.members())
    if (!b.has(name) || !means_the_same(value, b[name])) return false;
  for (std::size_t i = 0; a.is_array() && i < a.size(); ++i)
    if (!means_the_same(a[i], b[i])) return false;
  return a.size() > 0 || a.dump() == b.dump();
}

}  // namespace

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
  if (is_certain(*json) && (!again || !means_the_same(*json, *again))) std::abort();
  for (const auto& [name, value] : json->members()) {
    (void)value.integer();
    (void)value.number();
    (void)value.string_or("");
    if (!json->has(name)) std::abort();
  }
  for (std::size_t i = 0; i < json->elements().size() + 1; ++i) (void)(*json)[i];
  return 0;
}
