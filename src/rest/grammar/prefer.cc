#include "rest/grammar/prefer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "rest/answer/fault.h"

namespace rest {
namespace {

// One `name=value`; false when it is none of ours.
bool apply(Prefer& prefer, std::string_view one) {
  const auto set = [](auto& place, auto value) {
    if (place == std::remove_cvref_t<decltype(place)>{}) place = value;
    return true;
  };
  using P = Prefer;
  if (one == "return=minimal") return set(prefer.returns, P::Return::minimal);
  if (one == "return=headers-only") return set(prefer.returns, P::Return::headers_only);
  if (one == "return=representation") return set(prefer.returns, P::Return::representation);
  if (one == "count=exact") return set(prefer.count, P::Count::exact);
  if (one == "count=planned") return set(prefer.count, P::Count::planned);
  if (one == "count=estimated") return set(prefer.count, P::Count::estimated);
  if (one == "resolution=merge-duplicates") return set(prefer.resolution, P::Resolution::merge);
  if (one == "resolution=ignore-duplicates") return set(prefer.resolution, P::Resolution::ignore);
  if (one == "missing=default") return set(prefer.missing, P::Missing::by_default);
  if (one == "missing=null") return set(prefer.missing, P::Missing::null);
  if (one == "handling=strict") return set(prefer.handling, P::Handling::strict);
  if (one == "handling=lenient") return set(prefer.handling, P::Handling::lenient);
  if (one == "tx=commit") return set(prefer.end, P::End::commit);
  if (one == "tx=rollback") return set(prefer.end, P::End::rollback);
  if (one.starts_with("max-affected=")) {
    const auto number = core::parse_int(one.substr(13));
    if (!number || *number < 0) return false;
    if (!prefer.max_affected) prefer.max_affected = *number;
    return true;
  }
  return false;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() < 16 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

struct Wanted {
  std::string_view type;
  double weight = 1;
};

// The types of an Accept header, the most wanted first.
std::vector<Wanted> wanted(std::string_view accept) {
  std::vector<Wanted> out;
  for (std::string_view one : core::split(accept, ',')) {
    one = core::trim(one);
    if (one.empty() || out.size() == 50) continue;
    Wanted entry{one};
    for (std::string_view parameter : core::split(one, ';')) {
      parameter = core::trim(parameter);
      if (!parameter.starts_with("q=")) continue;
      // q=0.123: three digits at most, so that no locale or exponent comes in.
      double weight = 0, unit = 1;
      for (char c : parameter.substr(2, 5))
        if (c >= '0' && c <= '9') {
          weight += (c - '0') * unit;
          unit /= 10;
        }
      entry.weight = weight;
    }
    // Of equally wanted ones the first.
    out.insert(std::ranges::upper_bound(out, entry.weight, std::ranges::greater{}, &Wanted::weight), entry);
  }
  return out;
}

std::optional<Media> known(std::string_view type) {
  const auto parts = core::split(type, ';');
  const std::string name = core::lower(core::trim(parts.front()));
  Media media;
  for (std::string_view parameter : parts)
    if (core::trim(parameter) == "nulls=stripped") media.strip_nulls = true;
  if (name == "application/vnd.pgrst.object+json" || name == "application/vnd.pgrst.object") {
    media.type = Media::Type::object;
    return media;
  }
  if (name == "application/vnd.pgrst.array+json" || name == "application/vnd.pgrst.array") return media;
  media.strip_nulls = false;
  if (name == "application/json" || name == "*/*" || name == "application/*") return media;
  if (name == "text/csv") {
    media.type = Media::Type::csv;
    return media;
  }
  return std::nullopt;
}

}  // namespace

Prefer parse_prefer(const http::Headers& headers) {
  Prefer prefer;
  std::string unknown;
  for (const auto& [name, value] : headers.all()) {
    if (!core::iequals(name, "prefer")) continue;
    for (std::string_view one : core::split(value, ',')) {
      one = core::trim(one);
      if (one.empty() || apply(prefer, one)) continue;
      if (!unknown.empty()) unknown += ", ";
      unknown += one;
    }
  }
  if (prefer.handling == Prefer::Handling::strict && !unknown.empty())
    throw Fault(400, "PGRST122", "Invalid preferences given with handling=strict",
                json_string("Invalid preferences: " + unknown));
  return prefer;
}

Media parse_accept(std::string_view accept) {
  if (core::trim(accept).empty()) return {};
  for (const Wanted& one : wanted(accept))
    if (const auto media = known(one.type)) return *media;
  throw Fault(406, "PGRST107", fmt::format("None of these media types are available: {}", core::trim(accept)));
}

std::optional<Range> parse_range(const http::Request& rq) {
  std::string_view text = core::trim(rq.header("range"));
  if (text.starts_with("items=")) text.remove_prefix(6);
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || !is_digits(text.substr(0, dash))) return std::nullopt;
  Range range{.first = *core::parse_int(text.substr(0, dash))};
  if (const std::string_view last = text.substr(dash + 1); !last.empty()) {
    if (!is_digits(last)) return std::nullopt;
    range.last = *core::parse_int(last);
    if (*range.last < range.first)
      throw Fault(
          416, "PGRST103", "Requested range not satisfiable",
          json_string("The lower boundary must be lower than or equal to the upper boundary in the Range header."));
  }
  return range;
}

}  // namespace rest
