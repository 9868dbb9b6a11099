#include "http/serve/policy.h"

#include <ctime>
#include <map>
#include <stdexcept>
#include <vector>

#include "core/clock.h"
#include "core/text.h"
#include "http/wire/head.h"

namespace http::serve {
namespace {

// Directive and sources, in the order they are written.
using Directives = std::vector<std::pair<std::string, std::string>>;

Directives base_policy() {
  return {{"default-src", "'none'"},
          {"script-src", "'nonce-\n' 'strict-dynamic'"},
          {"style-src", "'self'"},
          {"img-src", "'self' data: blob:"},
          {"media-src", "'self' blob:"},
          {"font-src", "'self'"},
          {"manifest-src", "'self'"},
          {"connect-src", "'self'"},
          {"object-src", "'none'"},
          {"base-uri", "'none'"},
          {"frame-ancestors", "'none'"},
          {"form-action", "'self'"},
          {"trusted-types", "tenon-live"},  // the one that live.js makes
          {"require-trusted-types-for", "'script'"}};
}

// "img-src https://a.example https://b.example" joins the directive it names; an unknown one is added.
void merge(Directives& policy, std::string_view piece) {
  piece = core::trim(piece);
  const std::size_t space = std::min(piece.find(' '), piece.size());
  const std::string_view name = piece.substr(0, space), sources = core::trim(piece.substr(space));
  if (name.empty()) return;
  for (auto& [known, value] : policy) {
    if (known != name) continue;
    if (value == "'none'") value.clear();
    if (!value.empty()) value += ' ';
    value += sources;
    return;
  }
  policy.emplace_back(name, sources);
}

std::string_view reason_of(int status) {
  static const std::map<int, std::string_view> kReasons{{200, "OK"},
                                                        {201, "Created"},
                                                        {202, "Accepted"},
                                                        {204, "No Content"},
                                                        {206, "Partial Content"},
                                                        {301, "Moved Permanently"},
                                                        {302, "Found"},
                                                        {303, "See Other"},
                                                        {304, "Not Modified"},
                                                        {307, "Temporary Redirect"},
                                                        {308, "Permanent Redirect"},
                                                        {400, "Bad Request"},
                                                        {401, "Unauthorized"},
                                                        {402, "Payment Required"},
                                                        {403, "Forbidden"},
                                                        {404, "Not Found"},
                                                        {405, "Method Not Allowed"},
                                                        {406, "Not Acceptable"},
                                                        {408, "Request Timeout"},
                                                        {409, "Conflict"},
                                                        {410, "Gone"},
                                                        {412, "Precondition Failed"},
                                                        {413, "Content Too Large"},
                                                        {414, "URI Too Long"},
                                                        {415, "Unsupported Media Type"},
                                                        {416, "Range Not Satisfiable"},
                                                        {417, "Expectation Failed"},
                                                        {422, "Unprocessable Content"},
                                                        {429, "Too Many Requests"},
                                                        {431, "Request Header Fields Too Large"},
                                                        {500, "Internal Server Error"},
                                                        {501, "Not Implemented"},
                                                        {502, "Bad Gateway"},
                                                        {503, "Service Unavailable"},
                                                        {504, "Gateway Timeout"},
                                                        {505, "HTTP Version Not Supported"},
                                                        {507, "Insufficient Storage"}};
  const auto found = kReasons.find(status);
  return found == kReasons.end() ? std::string_view{} : found->second;
}

const std::string& date_now() {
  thread_local std::string text;
  thread_local std::time_t made = 0;
  if (const std::time_t now = std::time(nullptr); now != made) {
    made = now;
    text = core::http_date(core::Time{std::chrono::seconds{now}});
  }
  return text;
}

// These say how the answer is framed and who sent it, which only the server knows.
bool is_reserved(std::string_view name) {
  for (std::string_view reserved : {"content-length", "transfer-encoding", "connection", "keep-alive", "date", "server",
                                    "x-powered-by", "x-request-id"})
    if (core::iequals(name, reserved)) return true;
  return false;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
  if (!wire::is_token(name)) throw std::logic_error("an answer's header has an invalid name");
  for (unsigned char c : value)
    if ((c < 0x20 && c != '\t') || c == 0x7f)
      throw std::logic_error("header " + std::string(name) + " holds a control byte");
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_json(std::string_view type) { return type.contains("json"); }

constexpr std::string_view kAllowMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr std::string_view kAllowHeaders =
    "Accept, Authorization, Content-Type, apikey, X-Client-Info, X-Supabase-Api-Version, Prefer, Range, Range-Unit, "
    "Accept-Profile, Content-Profile, x-upsert, x-metadata, cache-control, x-retry-count, traceparent, Tus-Resumable, "
    "Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Concat, x-signature, redirect_to, "
    "If-None-Match, If-Modified-Since, x-source";
constexpr std::string_view kExposeHeaders =
    "X-Total-Count, Link, X-Supabase-Api-Version, Content-Range, Content-Location, Preference-Applied, ETag, Location, "
    "Content-Disposition, Retry-After, X-Request-Id, x-sb-error-code, Tus-Resumable, Tus-Version, Tus-Extension, "
    "Tus-Max-Size, Upload-Offset, Upload-Length, Upload-Expires, Upload-Metadata";

}  // namespace

namespace {
bool is_open(const Request& rq) { return rq.group && rq.group->cors == Cors::any_origin; }
}  // namespace

Policy::Policy(const ServerConfig& config) : https_(config.base_url.starts_with("https://")) {
  Directives directives = base_policy();
  for (const std::string& piece : config.csp_sources) merge(directives, piece);
  std::string whole;
  for (const auto& [name, sources] : directives) {
    if (!whole.empty()) whole += "; ";
    whole += name;
    if (!sources.empty()) whole.append(" ").append(sources);
  }
  const std::size_t mark = whole.find('\n');
  csp_before_nonce_ = whole.substr(0, mark);
  csp_after_nonce_ = whole.substr(mark + 1);
}

std::string Policy::csp(std::string_view nonce) const {
  return csp_before_nonce_ + std::string(nonce) + csp_after_nonce_;
}

// What carries somebody's session must stay out of every cache, also of those that know HTTP/1.0 only; the same three
// lines that @supabase/ssr asks of its servers.
void add_uncached(std::string& out) {
  add_line(out, "Cache-Control", "private, no-cache, no-store, must-revalidate, max-age=0");
  add_line(out, "Expires", "0");
  add_line(out, "Pragma", "no-cache");
}

void Policy::add_security(std::string& out, const Request& rq, const Response& answer) const {
  const auto fixed = [&](std::string_view name, std::string_view value) {
    if (!answer.headers.has(name)) add_line(out, name, value);
  };
  const std::string_view type = answer.headers.get("content-type");
  const bool html = type.starts_with("text/html");
  fixed("X-Content-Type-Options", "nosniff");
  if (!answer.headers.has("content-security-policy"))
    add_line(out, "Content-Security-Policy",
             is_json(type) ? "default-src 'none'; frame-ancestors 'none'" : csp(rq.csp_nonce));
  fixed("Referrer-Policy", "strict-origin-when-cross-origin");
  fixed("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
  fixed("Cross-Origin-Opener-Policy", "same-origin");
  if (https_) fixed("Strict-Transport-Security", "max-age=31536000");
  const bool personal = rq.caller.kind != Caller::Kind::nobody || is_json(type) || answer.status >= 400;
  if (!rq.set_cookies.empty()) add_uncached(out);
  else if (personal) fixed("Cache-Control", "no-store");
  else if (html) fixed("Cache-Control", "no-cache");
  if (is_open(rq)) {
    fixed("Access-Control-Allow-Origin", "*");
    fixed("Access-Control-Expose-Headers", kExposeHeaders);
  }
}

std::string Policy::write_head(const Request& rq, const Response& answer, const Framing& framing) const {
  std::string out;
  out.reserve(1024);
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason_of(answer.status));
  out.append("\r\nDate: ").append(date_now()).append("\r\nServer: tenon\r\n");
  add_line(out, "X-Request-Id", rq.request_id);
  for (const auto& [name, value] : answer.headers.all()) {
    if (is_reserved(name)) continue;
    if (!rq.set_cookies.empty() && core::iequals(name, "cache-control"))
      continue;  // a page with cookies is never cached
    // What another origin may do is decided here alone.
    if (core::iequals(name, "access-control-allow-credentials")) continue;
    add_line(out, name, value);
  }
  for (const std::string& cookie : rq.set_cookies) add_line(out, "Set-Cookie", cookie);
  add_security(out, rq, answer);
  if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
  else if (framing.length) out.append("Content-Length: ").append(std::to_string(*framing.length)).append("\r\n");
  if (!framing.keep_alive) out += "Connection: close\r\n";
  else if (framing.http_1_0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return out;
}

std::optional<Response> preflight(const Request& rq) {
  if (rq.method != Method::options || !is_open(rq) || !rq.headers.has("access-control-request-method"))
    return std::nullopt;
  std::string allowed{kAllowHeaders};
  // Clients may add headers of their own; without credentials there is nothing a foreign page could gain by one.
  const std::string_view asked = rq.header("access-control-request-headers");
  std::size_t count = 0;
  for (std::string_view name : core::split(asked, ','))
    if (wire::is_token(core::trim(name)) && ++count <= 50) allowed.append(", ").append(core::trim(name));
  Response answer;
  answer.status = 204;
  answer.headers.add("Access-Control-Allow-Methods", std::string(kAllowMethods));
  answer.headers.add("Access-Control-Allow-Headers", std::move(allowed));
  answer.headers.add("Access-Control-Max-Age", "3600");
  answer.headers.add("Vary", "Access-Control-Request-Headers");
  return answer;
}

}  // namespace http::serve
