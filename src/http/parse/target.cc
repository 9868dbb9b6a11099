#include "http/parse/target.h"

#include <array>

#include "core/text.h"

namespace http::parse {
namespace {

constexpr Refusal kBadPath{400, "http.bad_path"};
constexpr Refusal kBadQuery{400, "http.bad_query"};
constexpr Refusal kTooManyPairs{414, "http.too_many_parameters"};

// RFC 3986's characters, and those that browsers do not escape (WHATWG URL) although the RFC requires it: | [ ] ^ in
// both, and { } ` \ in queries.
constexpr std::array<bool, 256> table_of(std::string_view extra) {
  std::array<bool, 256> table{};
  for (char c :
       std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~!$&'()*+,;=:@/%|[]^"))
    table[static_cast<unsigned char>(c)] = true;
  for (char c : extra) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kPathBytes = table_of("");
constexpr auto kQueryBytes = table_of("?{}`\\");

bool all_in(const std::array<bool, 256>& table, std::string_view text) {
  for (char c : text)
    if (!table[static_cast<unsigned char>(c)]) return false;
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { stays, is_space };

std::optional<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && plus == Plus::is_space ? ' ' : text[i];
    }
  }
  return out;
}

// An encoded slash, backslash or control byte has no legitimate use in a path here, and others would split it
// differently.
bool has_forbidden_escape(std::string_view path) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    if (path.size() - at < 3) return true;
    const int byte = hex_digit(path[at + 1]) * 16 + hex_digit(path[at + 2]);
    if (byte == '/' || byte == '\\' || (byte >= 0 && byte < 0x20) || byte == 0x7f) return true;
  }
  return false;
}

std::optional<std::string> decode_path(std::string_view raw) {
  if (!raw.starts_with('/') || !all_in(kPathBytes, raw) || has_forbidden_escape(raw)) return std::nullopt;
  auto path = decode(raw, Plus::stays);
  if (!path || !core::valid_utf8(*path)) return std::nullopt;
  for (std::string_view segment : core::split(*path, '/'))
    if (segment == "." || segment == "..") return std::nullopt;
  return path;
}

// The rest of an absolute-form target behind its authority; nothing when it names another host.
std::optional<std::string_view> origin_of(std::string_view target, std::string_view host) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !core::iequals(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = target.substr(scheme.size());
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    if (!core::iequals(rest.substr(0, end), host)) return std::nullopt;
    return rest.substr(end);
  }
  return std::nullopt;
}

}  // namespace

PairsFault parse_pairs(std::string_view text, Pairs& out) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (out.size() == kMaxPairs) return PairsFault::too_many;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals), Plus::is_space);
    auto value = decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view{}, Plus::is_space);
    if (!name || !value) return PairsFault::malformed;
    if (name->contains('\0') || value->contains('\0')) return PairsFault::malformed;
    if (!core::valid_utf8(*name) || !core::valid_utf8(*value)) return PairsFault::malformed;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return PairsFault::none;
}

std::expected<Target, Refusal> parse_target(Method method, std::string_view target, std::string_view host) {
  if (target == "*" && method == Method::options) return Target{.path = "*", .queries = {}};
  std::string_view rest = target;
  if (!rest.starts_with('/')) {
    const auto origin = origin_of(target, host);
    if (!origin) return std::unexpected(kBadPath);
    rest = *origin;
  }
  const std::size_t mark = std::min(rest.find('?'), rest.size());
  const std::string_view raw_path = rest.substr(0, mark);
  auto path = decode_path(raw_path.empty() && !target.starts_with('/') ? std::string_view{"/"} : raw_path);
  if (!path) return std::unexpected(kBadPath);
  Target out{.path = std::move(*path), .queries = {}};
  if (mark < rest.size()) {
    const std::string_view query = rest.substr(mark + 1);
    if (!all_in(kQueryBytes, query)) return std::unexpected(kBadQuery);
    const PairsFault fault = parse_pairs(query, out.queries);
    if (fault == PairsFault::too_many) return std::unexpected(kTooManyPairs);
    if (fault == PairsFault::malformed) return std::unexpected(kBadQuery);
  }
  return out;
}

std::string_view stated_path(std::string_view target) { return target.substr(0, target.find_first_of("? \r\n")); }

}  // namespace http::parse
