#include "http/static_files.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "core/problem.h"
#include "core/resources.h"
#include "http/parse/range.h"

namespace http {
namespace {

constexpr std::size_t kHashLength = 12;

std::string_view type_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kTypes{{
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".json", "application/json; charset=utf-8"},
      {".svg", "image/svg+xml; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/plain; charset=utf-8"},
      {".html", "text/html; charset=utf-8"},
      {".webmanifest", "application/manifest+json; charset=utf-8"},
      {".ico", "image/x-icon"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".webp", "image/webp"},
      {".avif", "image/avif"},
      {".woff2", "font/woff2"},
      {".mp4", "video/mp4"},
      {".webm", "video/webm"},
  }};
  for (const auto& [end, type] : kTypes)
    if (path.ends_with(end)) return type;
  return "application/octet-stream";
}

struct Asked {
  const core::Resource* resource = nullptr;
  bool hashed = false;
};

// "app.0123456789ab.css" is "app.css" in exactly that version; "app.css" is the current one.
Asked find(std::string_view path) {
  const std::size_t name = path.rfind('/') + 1;  // 0 without a folder
  const std::size_t end = path.rfind('.');
  if (end != std::string_view::npos && end >= name + kHashLength + 1 && path[end - kHashLength - 1] == '.') {
    const std::string_view hash = path.substr(end - kHashLength, kHashLength);
    const std::string plain =
        "public/" + std::string(path.substr(0, end - kHashLength - 1)) + std::string(path.substr(end));
    const core::Resource* resource = core::find_resource(plain);
    if (resource && resource->hash == hash) return {.resource = resource, .hashed = true};
  }
  return {.resource = core::find_resource("public/" + std::string(path)), .hashed = false};
}

struct Variant {
  std::string_view bytes;
  std::string_view coding;
};

Variant best_of(const core::Resource& resource, std::string_view accept_encoding) {
  const int brotli = resource.brotli.empty() ? 0 : parse::accepts(accept_encoding, "br");
  const int gzip = resource.gzip.empty() ? 0 : parse::accepts(accept_encoding, "gzip");
  if (brotli > 0 && brotli >= gzip) return {resource.brotli, "br"};
  if (gzip > 0) return {resource.gzip, "gzip"};
  return {resource.bytes, ""};
}

Task<Response> serve(Request& rq) {
  const Asked asked = find(rq.param("path"));
  if (!asked.resource) throw_not_found();
  const core::Resource& resource = *asked.resource;
  const Variant variant = best_of(resource, rq.header("accept-encoding"));
  std::string etag = "\"" + std::string(resource.hash);
  if (!variant.coding.empty()) etag.append("-").append(variant.coding);
  etag += '"';
  Response answer;
  answer.headers.add("ETag", etag);
  answer.headers.add("Cache-Control", asked.hashed ? "public, max-age=31536000, immutable" : "public, max-age=3600");
  if (!resource.gzip.empty() || !resource.brotli.empty()) answer.headers.add("Vary", "Accept-Encoding");
  if (rq.headers.has("if-none-match") && parse::etag_in(rq.header("if-none-match"), etag)) {
    answer.status = 304;
    co_return answer;
  }
  answer.headers.add("Content-Type", std::string(type_of(resource.path)));
  if (variant.coding.empty()) {  // ranges for videos: some browsers play nothing else
    answer.headers.add("Accept-Ranges", "bytes");
    const parse::Range range = parse::parse_range(rq.header("range"), resource.bytes.size());
    const std::string size = std::to_string(resource.bytes.size());
    if (range.kind == parse::Range::Kind::unsatisfiable) {
      answer.status = 416;
      answer.headers.add("Content-Range", "bytes */" + size);
      co_return answer;
    }
    if (range.kind == parse::Range::Kind::part) {
      answer.status = 206;
      answer.headers.add("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                              std::to_string(range.first + range.length - 1) + "/" + size);
      answer.body = StaticBody{resource.bytes.substr(range.first, range.length)};
      co_return answer;
    }
  }
  if (!variant.coding.empty()) answer.headers.add("Content-Encoding", std::string(variant.coding));
  answer.body = StaticBody{variant.bytes};
  co_return answer;
}

// The file in the checkout. Only files that the binary embeds are looked up, so no path leads elsewhere.
std::optional<Response> from_checkout(const std::string& source_dir, const core::Resource& resource) {
  std::ifstream in(source_dir + "/" + std::string(resource.path), std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  Response answer;
  answer.headers.add("Content-Type", std::string(type_of(resource.path)));
  answer.headers.add("Cache-Control", "no-store");
  answer.body = std::move(bytes).str();
  return answer;
}

}  // namespace

void mount_static(Router& router, std::string source_dir) {
  if (source_dir.empty()) return router.get("/static/{path...}", Access::anyone, serve);
  router.get("/static/{path...}", Access::anyone, [dir = std::move(source_dir)](Request& rq) -> Task<Response> {
    const Asked asked = find(rq.param("path"));
    if (asked.resource)
      if (auto fresh = from_checkout(dir, *asked.resource)) co_return std::move(*fresh);
    co_return co_await serve(rq);
  });
}

std::string static_url(std::string_view path) {
  const core::Resource* resource = core::find_resource("public/" + std::string(path));
  if (!resource) throw std::logic_error("no public file " + std::string(path));
  const std::size_t end = std::min(path.rfind('.'), path.size());
  return "/static/" + std::string(path.substr(0, end)) + "." + std::string(resource->hash) +
         std::string(path.substr(end));
}

}  // namespace http
