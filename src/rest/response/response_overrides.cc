#include "rest/response/response_overrides.h"

#include <algorithm>
#include <set>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "http/token.h"
#include "rest/error.h"

namespace rest {
namespace {

constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kMostBytes = 8192;  // many proxies accept little more for all headers

// Set-Cookie as well, since /rest/v1 shares its origin with the pages and their session cookie.
constexpr std::string_view kReservedHeaders =
    "accept-ch alt-svc clear-site-data connection content-encoding content-length content-security-policy critical-ch "
    "date keep-alive nel origin-agent-cluster permissions-policy proxy-connection referrer-policy refresh report-to "
    "reporting-endpoints server service-worker-allowed set-cookie set-cookie2 strict-transport-security te trailer "
    "transfer-encoding upgrade x-content-type-options x-frame-options x-request-id";
// The last two instruct a proxy in front to serve files.
constexpr std::string_view kReservedPrefixes =
    "access-control- content-security-policy- cross-origin- x-accel- x-sendfile";

[[noreturn]] void reject_headers(std::string_view why) {
  core::log::warn("rest.response.headers_rejected", {{"why", why}});
  throw Error(500, "PGRST111",
              "response.headers guc must be a JSON array composed of objects with a single key and a string value",
              why.empty() ? "null" : json_string(why));
}

using Header = std::pair<std::string, std::string>;

std::vector<Header> headers_of(std::string_view text) {
  const auto json = core::Json::parse(text);
  if (!json || !json->is_array()) reject_headers("");
  std::vector<Header> out;
  for (const core::Json& one : json->elements()) {
    const auto members = one.members();
    const auto value = members.size() == 1 ? members.front().second.string() : std::nullopt;
    if (!one.is_object() || !value) reject_headers("");
    const std::string& name = members.front().first;
    if (!is_overridable_header(name, *value))
      reject_headers("The header " + name + " is reserved for the server, or has an invalid value.");
    out.emplace_back(name, *value);
  }
  if (!within_header_limits(out)) reject_headers("There are too many headers, or they are too long.");
  return out;
}

int status_of(std::string_view text) {
  const bool three_digits = text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const int status = three_digits ? static_cast<int>(*core::parse_int(text)) : 0;
  // 1xx is interim, never a final response.
  if (status < 200 || status > 599) throw Error(500, "PGRST112", "response.status guc must be a valid status code");
  return status;
}

}  // namespace

bool is_overridable_header(std::string_view name, std::string_view value) {
  const std::string low = core::lower(name);
  const auto reserved = core::split(kReservedHeaders, ' '), prefixes = core::split(kReservedPrefixes, ' ');
  return http::is_token(name) && std::ranges::find(reserved, low) == reserved.end() &&
         std::ranges::none_of(prefixes, [&](std::string_view prefix) { return low.starts_with(prefix); }) &&
         std::ranges::none_of(value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

bool within_header_limits(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size() + 4;
  return headers.size() <= kMostHeaders && bytes <= kMostBytes;
}

void apply_overrides(const pg::ResponseOverrides& overrides, http::Response& response) {
  const int status = overrides.status.empty() ? response.status : status_of(overrides.status);
  if (!overrides.headers.empty()) {
    std::set<std::string> seen;
    for (const auto& [name, value] : headers_of(overrides.headers)) {
      if (seen.insert(core::lower(name)).second) response.headers.set(name, value);
      else response.headers.add(name, value);
    }
  }
  response.status = status;
  if (status == 204 || status == 205 || status == 304) response.body = std::string();
}

}  // namespace rest
