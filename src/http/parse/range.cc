#include "http/parse/range.h"

#include <algorithm>
#include <optional>
#include <string>

#include "core/text.h"

namespace http::parse {
namespace {

// Digits only. More than 18 are larger than any file.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t out = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

std::string_view opaque(std::string_view etag) {
  etag = core::trim(etag);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

// "0.8" as 800; anything else counts as 1000.
int weight_of(std::string_view parameter) {
  parameter = core::trim(parameter);
  if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) return 1000;
  parameter.remove_prefix(2);
  if (!parameter.starts_with('0')) return 1000;
  int weight = 0, unit = 100;
  for (std::size_t i = 2; i < parameter.size() && unit > 0; ++i, unit /= 10) {
    if (parameter[i] < '0' || parameter[i] > '9') break;
    weight += (parameter[i] - '0') * unit;
  }
  return weight;
}

}  // namespace

Range parse_range(std::string_view value, std::uint64_t size) {
  value = core::trim(value);
  if (value.size() < 6 || !core::iequals(value.substr(0, 6), "bytes=")) return {};
  value.remove_prefix(6);
  const std::size_t dash = value.find('-');
  if (dash == std::string_view::npos || value.contains(',')) return {};
  const std::string_view from = core::trim(value.substr(0, dash)), to = core::trim(value.substr(dash + 1));
  if (from.empty()) {
    const auto tail = number(to);
    if (!tail) return {};
    if (*tail == 0 || size == 0) return {.kind = Range::Kind::unsatisfiable};
    const std::uint64_t length = std::min(*tail, size);
    return {.kind = Range::Kind::part, .first = size - length, .length = length};
  }
  const auto first = number(from);
  const auto last = to.empty() ? std::optional<std::uint64_t>{size == 0 ? 0 : size - 1} : number(to);
  if (!first || !last || (!to.empty() && *last < *first)) return {};
  if (*first >= size) return {.kind = Range::Kind::unsatisfiable};
  return {.kind = Range::Kind::part, .first = *first, .length = std::min(*last, size - 1) - *first + 1};
}

bool etag_in(std::string_view list, std::string_view etag) {
  if (core::trim(list) == "*") return true;
  return std::ranges::any_of(core::split(list, ','), [&](std::string_view one) { return opaque(one) == opaque(etag); });
}

int accepts(std::string_view accept_encoding, std::string_view coding) {
  int any = 0;
  for (std::string_view entry : core::split(accept_encoding, ',')) {
    const std::size_t semicolon = std::min(entry.find(';'), entry.size());
    const std::string_view name = core::trim(entry.substr(0, semicolon));
    const int weight = semicolon < entry.size() ? weight_of(entry.substr(semicolon + 1)) : 1000;
    if (core::iequals(name, coding)) return weight;
    if (name == "*") any = weight;
  }
  return any;
}

}  // namespace http::parse
