#include "http/serve/compress.h"

#include <zlib.h>

#include "http/parse/range.h"

namespace http::serve {
namespace {

constexpr std::size_t kWorthIt = 1024;

std::optional<std::string> gzip(std::string_view in) {
  z_stream stream{};
  if (deflateInit2(&stream, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return end == Z_STREAM_END ? std::optional{std::move(out)} : std::nullopt;
}

}  // namespace

void compress_public_page(const Request& rq, Response& response) {
  auto* body = std::get_if<std::string>(&response.body);
  if (body == nullptr || body->size() < kWorthIt || response.status != 200) return;
  if (!response.headers.get("content-type").starts_with("text/html") || response.headers.has("content-encoding"))
    return;
  if (rq.caller.kind != Caller::Kind::nobody || !rq.set_cookies.empty()) return;
  if (!rq.csrf_token.empty() && body->contains(rq.csrf_token)) return;
  response.headers.add("Vary", "Accept-Encoding");
  if (parse::accepts(rq.header("accept-encoding"), "gzip") == 0) return;
  auto packed = gzip(*body);
  if (!packed || packed->size() >= body->size()) return;
  *body = std::move(*packed);
  response.headers.add("Content-Encoding", "gzip");
}

}  // namespace http::serve
