#include "http/serve/head_writer.h"

#include <ctime>
#include <stdexcept>

#include "core/clock.h"
#include "core/text.h"
#include "http/serve/cors.h"
#include "http/status.h"
#include "http/token.h"

namespace http::serve {
namespace {

const std::string& date_now() {
  thread_local std::string text;
  thread_local std::time_t made = 0;
  if (const std::time_t now = std::time(nullptr); now != made) {
    made = now;
    text = core::http_date(core::Time{std::chrono::seconds{now}});
  }
  return text;
}

// Framing and identity are the server's: what a handler sets here is dropped.
bool is_reserved(std::string_view name) {
  for (std::string_view reserved : {"content-length", "transfer-encoding", "connection", "keep-alive", "date", "server",
                                    "x-powered-by", "x-request-id"})
    if (core::iequals(name, reserved)) return true;
  return false;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name)) throw std::logic_error("a response header has an invalid name");
  for (unsigned char c : value)
    if ((c < 0x20 && c != '\t') || c == 0x7f)
      throw std::logic_error("header " + std::string(name) + " holds a control byte");
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_json(std::string_view type) { return type.contains("json"); }

// A response with session cookies stays out of every cache, also of those that know HTTP/1.0 only: the three headers
// that @supabase/ssr asks servers to set.
void add_uncached(std::string& out) {
  add_line(out, "Cache-Control", "private, no-cache, no-store, must-revalidate, max-age=0");
  add_line(out, "Expires", "0");
  add_line(out, "Pragma", "no-cache");
}

}  // namespace

HeadWriter::HeadWriter(const ServerConfig& config)
    : csp_(config.csp_sources), https_(config.base_url.starts_with("https://")) {}

void HeadWriter::add_security(std::string& out, const Request& rq, const Response& response) const {
  const auto fixed = [&](std::string_view name, std::string_view value) {
    if (!response.headers.has(name)) add_line(out, name, value);
  };
  const std::string_view type = response.headers.get("content-type");
  const bool html = type.starts_with("text/html");
  fixed("X-Content-Type-Options", "nosniff");
  if (!response.headers.has("content-security-policy"))
    add_line(out, "Content-Security-Policy",
             is_json(type) ? "default-src 'none'; frame-ancestors 'none'" : csp_.with_nonce(rq.csp_nonce));
  fixed("Referrer-Policy", "strict-origin-when-cross-origin");
  fixed("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
  fixed("Cross-Origin-Opener-Policy", "same-origin");
  if (https_) fixed("Strict-Transport-Security", "max-age=31536000");
  const bool personal = rq.caller.kind != Caller::Kind::nobody || is_json(type) || response.status >= 400;
  if (!rq.set_cookies.empty()) add_uncached(out);
  else if (personal) fixed("Cache-Control", "no-store");
  else if (html) fixed("Cache-Control", "no-cache");
  if (is_cross_origin(rq)) {
    fixed("Access-Control-Allow-Origin", "*");
    fixed("Access-Control-Expose-Headers", kExposedHeaders);
  }
}

std::string HeadWriter::write(const Request& rq, const Response& response, const Framing& framing) const {
  std::string out;
  out.reserve(1024);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason_of(response.status));
  out.append("\r\nDate: ").append(date_now()).append("\r\nServer: tenon\r\n");
  add_line(out, "X-Request-Id", rq.request_id);
  for (const auto& [name, value] : response.headers.all()) {
    if (is_reserved(name)) continue;
    if (!rq.set_cookies.empty() && core::iequals(name, "cache-control"))
      continue;  // a page with cookies is never cached
    // Only the route group decides about other origins, and never allows credentials.
    if (core::iequals(name, "access-control-allow-credentials")) continue;
    add_line(out, name, value);
  }
  for (const std::string& cookie : rq.set_cookies) add_line(out, "Set-Cookie", cookie);
  add_security(out, rq, response);
  if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
  else if (framing.length) out.append("Content-Length: ").append(std::to_string(*framing.length)).append("\r\n");
  if (!framing.keep_alive) out += "Connection: close\r\n";
  else if (framing.http_1_0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return out;
}

}  // namespace http::serve
