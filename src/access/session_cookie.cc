#include "access/session_cookie.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/crypto.h"
#include "core/text.h"

namespace access_control {
namespace {

constexpr std::string_view kPrefix = "base64-";
constexpr int kMaxAge = 34560000;  // 400 days, the longest that browsers keep
constexpr std::string_view kVisitor = "tenon-visitor";

bool secure(const Config& config, const http::Request& rq) { return rq.https || config.secure(); }

std::string attributes(const Config& config, const http::Request& rq, int max_age) {
  return fmt::format("; Path=/; Max-Age={}; SameSite=Lax{}{}", max_age, config.browser_cookie ? "" : "; HttpOnly",
                     secure(config, rq) ? "; Secure" : "");
}

std::string host_name(const std::string& name) { return "__Host-" + name; }

std::string written_name(const Config& config, const http::Request& rq) {
  const std::string name = config.cookie_name();
  return secure(config, rq) && !config.browser_cookie ? host_name(name) : name;
}

std::string chunk_name(const std::string& name, int chunk) { return fmt::format("{}.{}", name, chunk); }

std::optional<std::string> joined(const http::Request& rq, const std::string& name) {
  if (auto whole = rq.cookie(name); whole && !whole->empty()) return whole;
  std::string value;
  for (int i = 0; i < kMaxChunks; ++i) {
    const auto part = rq.cookie(chunk_name(name, i));
    if (!part || part->empty()) break;
    value += *part;
  }
  if (value.empty()) return std::nullopt;
  return value;
}

std::optional<CookieSession> parse(const std::string& value) {
  std::optional<std::string> text;
  if (value.starts_with(kPrefix)) text = core::unbase64url(std::string_view(value).substr(kPrefix.size()));
  else if (value.starts_with('{')) text = value;
  else text = core::percent_decode(value);
  if (!text) return std::nullopt;
  const auto json = core::Json::parse(*text);
  if (!json || !json->is_object()) return std::nullopt;
  CookieSession out{(*json)["access_token"].string_or(""), (*json)["refresh_token"].string_or("")};
  if (out.access_token.empty()) return std::nullopt;
  return out;
}

// The names of all session cookies that the browser sent, under either name.
std::vector<std::string> held(const Config& config, const http::Request& rq) {
  std::vector<std::string> names;
  const std::string name = config.cookie_name();
  for (const std::string& base : {name, host_name(name)}) {
    if (rq.cookie(base)) names.push_back(base);
    for (int i = 0; i < kMaxChunks; ++i)
      if (rq.cookie(chunk_name(base, i))) names.push_back(chunk_name(base, i));
  }
  return names;
}

std::string removal(const Config& config, const http::Request& rq, const std::string& name) {
  // A __Host- cookie is only ever written, and so only removed, with Secure.
  const bool lacks = name.starts_with("__Host-") && !secure(config, rq);
  return name + "=" + attributes(config, rq, 0) + (lacks ? "; Secure" : "");
}

}  // namespace

std::optional<CookieSession> read_session(const Config& config, const http::Request& rq) {
  const std::string name = config.cookie_name();
  std::vector<std::string> names{host_name(name)};
  // Over https another host of the same domain can set the plain name, but never __Host- (docs/spec/security.md 4.3).
  if (!secure(config, rq) || config.browser_cookie) names.push_back(name);
  for (const std::string& base : names)
    if (const auto value = joined(rq, base))
      if (auto session = parse(*value)) return session;
  return std::nullopt;
}

bool sends_session(const Config& config, const http::Request& rq) { return !held(config, rq).empty(); }

std::vector<std::string> session_cookies(const Config& config, const http::Request& rq, std::string_view session_json) {
  const std::string name = written_name(config, rq);
  const std::string value = std::string(kPrefix) + core::base64url(session_json);
  const std::string tail = attributes(config, rq, kMaxAge);
  std::vector<std::string> names;
  std::vector<std::string> out;
  if (value.size() <= kChunk) {
    names.push_back(name);
    out.push_back(name + "=" + value + tail);
  } else {
    for (std::size_t at = 0; at < value.size(); at += kChunk) {
      names.push_back(chunk_name(name, static_cast<int>(names.size())));
      out.push_back(names.back() + "=" + value.substr(at, kChunk) + tail);
    }
  }
  for (const std::string& old : held(config, rq))
    if (std::find(names.begin(), names.end(), old) == names.end()) out.push_back(removal(config, rq, old));
  return out;
}

std::vector<std::string> clear_session(const Config& config, const http::Request& rq) {
  std::vector<std::string> out;
  for (const std::string& name : held(config, rq)) out.push_back(removal(config, rq, name));
  return out;
}

std::optional<std::string> read_visitor(const Config& config, const http::Request& rq) {
  const std::string name(kVisitor);
  auto value = rq.cookie(secure(config, rq) ? host_name(name) : name);
  if (!value || value->size() < 20 || value->size() > 64) return std::nullopt;
  return value;
}

std::string visitor_cookie(const Config& config, const http::Request& rq, std::string_view value) {
  const std::string name(kVisitor);
  const bool safe = secure(config, rq);
  return fmt::format("{}={}; Path=/; SameSite=Lax; HttpOnly{}", safe ? host_name(name) : name, value,
                     safe ? "; Secure" : "");
}

}  // namespace access_control
