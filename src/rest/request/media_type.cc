#include "rest/request/media_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/text.h"
#include "rest/error.h"

namespace rest {
namespace {

struct Accepted {
  std::string_view type;
  double weight = 1;
};

// The types of an Accept header by descending weight.
std::vector<Accepted> accepted_types(std::string_view accept) {
  std::vector<Accepted> out;
  for (std::string_view one : core::split(accept, ',')) {
    one = core::trim(one);
    if (one.empty() || out.size() == 50) continue;
    Accepted entry{one};
    for (std::string_view parameter : core::split(one, ';')) {
      parameter = core::trim(parameter);
      if (!parameter.starts_with("q=")) continue;
      // q=0.123, read by hand: at most three digits, no locale, no exponent.
      double weight = 0, unit = 1;
      for (char c : parameter.substr(2, 5))
        if (c >= '0' && c <= '9') {
          weight += (c - '0') * unit;
          unit /= 10;
        }
      entry.weight = weight;
    }
    // Equal weights keep their order.
    out.insert(std::ranges::upper_bound(out, entry.weight, std::ranges::greater{}, &Accepted::weight), entry);
  }
  return out;
}

std::optional<MediaType> known(std::string_view type) {
  const auto parts = core::split(type, ';');
  const std::string name = core::lower(core::trim(parts.front()));
  MediaType media;
  for (std::string_view parameter : parts)
    if (core::trim(parameter) == "nulls=stripped") media.strip_nulls = true;
  if (name == "application/vnd.pgrst.object+json" || name == "application/vnd.pgrst.object") {
    media.kind = MediaType::Kind::object;
    return media;
  }
  if (name == "application/vnd.pgrst.array+json" || name == "application/vnd.pgrst.array") return media;
  media.strip_nulls = false;
  if (name == "application/json" || name == "*/*" || name == "application/*") return media;
  if (name == "text/csv") {
    media.kind = MediaType::Kind::csv;
    return media;
  }
  return std::nullopt;
}

}  // namespace

MediaType parse_accept(std::string_view accept) {
  if (core::trim(accept).empty()) return {};
  for (const Accepted& one : accepted_types(accept))
    if (const auto media = known(one.type)) return *media;
  throw Error(406, "PGRST107", fmt::format("None of these media types are available: {}", core::trim(accept)));
}

}  // namespace rest
