#include "rest/answer/said.h"

#include <algorithm>
#include <set>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "rest/answer/fault.h"

namespace rest {
namespace {

constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kMostBytes = 8192;  // what proxies take of a whole head is not much more

// Set-Cookie too: /rest/v1 shares its origin with the pages, whose session a cookie is.
constexpr std::string_view kServers =
    "accept-ch alt-svc clear-site-data connection content-encoding content-length content-security-policy critical-ch "
    "date keep-alive nel origin-agent-cluster permissions-policy proxy-connection referrer-policy refresh report-to "
    "reporting-endpoints server service-worker-allowed set-cookie set-cookie2 strict-transport-security te trailer "
    "transfer-encoding upgrade x-content-type-options x-frame-options x-request-id";
// The last two: a proxy in front would take them for its own orders, and serve files of its choosing.
constexpr std::string_view kServersFamilies =
    "access-control- content-security-policy- cross-origin- x-accel- x-sendfile";

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || kMarks.contains(c);
  });
}

[[noreturn]] void refuse_headers(std::string_view why) {
  core::log::warn("rest.answer.headers_refused", {{"why", why}});
  throw Fault(500, "PGRST111",
              "response.headers guc must be a JSON array composed of objects with a single key and a string value",
              why.empty() ? "null" : json_string(why));
}

using Header = std::pair<std::string, std::string>;

std::vector<Header> headers_of(std::string_view text) {
  const auto json = core::Json::parse(text);
  if (!json || !json->is_array()) refuse_headers("");
  std::vector<Header> out;
  for (const core::Json& one : json->elements()) {
    const auto members = one.members();
    const auto value = members.size() == 1 ? members.front().second.string() : std::nullopt;
    if (!one.is_object() || !value) refuse_headers("");
    const std::string& name = members.front().first;
    if (!may_say(name, *value))
      refuse_headers("The header " + name + " is not SQL's to say, or holds what no header may.");
    out.emplace_back(name, *value);
  }
  if (!fits_a_head(out)) refuse_headers("They are too many, or too long.");
  return out;
}

int status_of(std::string_view text) {
  const bool three_digits = text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const int status = three_digits ? static_cast<int>(*core::parse_int(text)) : 0;
  // Below 200 stands no answer, but the promise of one.
  if (status < 200 || status > 599) throw Fault(500, "PGRST112", "response.status guc must be a valid status code");
  return status;
}

}  // namespace

bool may_say(std::string_view name, std::string_view value) {
  const std::string low = core::lower(name);
  const auto servers = core::split(kServers, ' '), families = core::split(kServersFamilies, ' ');
  return is_token(name) && std::ranges::find(servers, low) == servers.end() &&
         std::ranges::none_of(families, [&](std::string_view family) { return low.starts_with(family); }) &&
         std::ranges::none_of(value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

bool fits_a_head(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size() + 4;
  return headers.size() <= kMostHeaders && bytes <= kMostBytes;
}

void heed(const pg::ResponseOverrides& said, http::Response& response) {
  const int status = said.status.empty() ? response.status : status_of(said.status);
  if (!said.headers.empty()) {
    std::set<std::string> named;
    for (const auto& [name, value] : headers_of(said.headers)) {
      if (named.insert(core::lower(name)).second) response.headers.set(name, value);
      else response.headers.add(name, value);
    }
  }
  response.status = status;
  if (status == 204 || status == 205 || status == 304) response.body = std::string();
}

}  // namespace rest
