#include "access/redirect_allowlist.h"

#include <algorithm>
#include <optional>

#include "core/text.h"

namespace access_control {
namespace {

constexpr std::size_t kMaxLength = 2000;

struct Url {
  std::string scheme;
  std::string host;
  std::string port;
};

bool plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f || c == '\\') return false;
  return !text.empty() && text.size() <= kMaxLength;
}

// Accepts only what all browsers parse alike: no userinfo, brackets only around an IPv6 address, no unusual characters.
std::optional<Url> parse(std::string_view text) {
  if (!plain(text)) return std::nullopt;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Url url;
  url.scheme = core::lower(text.substr(0, colon));
  for (const char c : url.scheme)
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return std::nullopt;
  std::string_view authority = text.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find_first_of("@%") != std::string_view::npos) return std::nullopt;
  const auto bracket = authority.rfind(']');
  const auto port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  url.host = core::lower(authority.substr(0, port));
  if (port != std::string_view::npos) url.port = authority.substr(port + 1);
  for (const char c : url.port)
    if (c < '0' || c > '9') return std::nullopt;
  if (url.port.empty()) url.port = url.scheme == "https" ? "443" : "80";
  if (url.host.empty() && (url.scheme == "http" || url.scheme == "https")) return std::nullopt;
  return url;
}

// The URL split at "://" and at the end of the authority.
struct Parts {
  std::string scheme;
  std::string authority;
  std::string rest;
};
std::optional<Parts> parts_of(std::string_view text, std::string_view ends_authority) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view behind = text.substr(colon + 3);
  const auto end = std::min(behind.find_first_of(ends_authority), behind.size());
  return Parts{core::lower(text.substr(0, colon)), core::lower(behind.substr(0, end)), std::string(behind.substr(end))};
}

// Host and path are matched separately, so that a star in the host cannot match into the path or query.
bool matches_pattern(const std::string& pattern, std::string_view asked) {
  auto wanted = parts_of(pattern, "/#");  // `?` matches one character here
  if (!wanted) return matches_glob(pattern, asked);
  const auto given = parts_of(asked, "/?#");
  if (wanted->rest.empty() && wanted->authority.ends_with("**")) wanted->rest = "**";
  return given && matches_glob(wanted->scheme, given->scheme) && matches_glob(wanted->authority, given->authority) &&
         matches_glob(wanted->rest, given->rest);
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "[::1]"; }

// Browsers also parse 2130706433 and 0x7f.1 as addresses: any host whose last label begins with a digit.
bool is_address(std::string_view host) {
  if (host.starts_with('[')) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && last.front() >= '0' && last.front() <= '9';
}

}  // namespace

std::string safe_next(std::string_view next, std::string_view fallback) {
  const std::string_view path = next.substr(0, next.find_first_of("?#"));
  const bool ok = plain(next) && next.starts_with('/') && path.find("//") == std::string_view::npos;
  return std::string(ok ? next : fallback);
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  if (pattern.size() > kMaxLength || text.size() > kMaxLength) return false;
  std::vector<char> reach(text.size() + 1, 0);
  reach[0] = 1;
  for (std::size_t p = 0; p < pattern.size(); ++p) {
    if (pattern[p] == '*') {
      const bool any = p + 1 < pattern.size() && pattern[p + 1] == '*';
      if (any) ++p;
      for (std::size_t i = 1; i <= text.size(); ++i)
        if (reach[i - 1] && (any || (text[i - 1] != '.' && text[i - 1] != '/'))) reach[i] = 1;
      continue;
    }
    for (std::size_t i = text.size(); i > 0; --i)
      reach[i] = reach[i - 1] && (pattern[p] == '?' || pattern[p] == text[i - 1]);
    reach[0] = 0;
  }
  return reach[text.size()] != 0;
}

std::string redirect_target(const Config& config, std::string_view asked) {
  const auto url = parse(asked);
  if (!url) return config.site_url;
  if (const auto site = parse(config.site_url); site && url->scheme == site->scheme && url->host == site->host &&
                                                (url->port == site->port || is_loopback(url->host)))
    return std::string(asked);
  if (is_address(url->host) && !is_loopback(url->host)) return config.site_url;
  for (const std::string& pattern : config.redirects)
    if (matches_pattern(pattern, asked)) return std::string(asked);
  return config.site_url;
}

std::string redirect_target(const Config& config, const http::Request& rq) {
  const auto query = rq.query("redirect_to");
  return redirect_target(config, query && !query->empty() ? *query : rq.header("redirect_to"));
}

bool has_redirect_target(const Config& config, const http::Request& rq) {
  const std::string target = redirect_target(config, rq);
  return target != config.site_url && target != config.site_url + "/";
}

}  // namespace access_control
