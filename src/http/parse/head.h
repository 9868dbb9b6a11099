// The only parser of request heads, over their raw bytes. What passes is canonical: one framing, no folding, one Host.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "http/parse/refusal.h"
#include "http/request.h"

namespace http::parse {

inline constexpr std::size_t kMaxLine = 16 << 10;     // the request line
inline constexpr std::size_t kMaxSection = 32 << 10;  // all header lines together, trailers included
inline constexpr int kMaxHeaders = 100;               // trailers included

// Finds the end of a head in bytes that arrive piece by piece, and refuses early what cannot become one.
class HeadScanner {
 public:
  enum class State { more, complete, refused };
  // `bytes` is everything received so far, from the same start in each call.
  State scan(std::string_view bytes);
  std::size_t begin() const { return begin_; }  // one empty line before a request is skipped (RFC 9112 2.2)
  std::size_t end() const { return at_; }       // complete: behind the empty line
  const Refusal& refusal() const { return refusal_; }

 private:
  State refuse(Refusal why);
  State end_line(std::string_view bytes);
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  std::size_t line_ = 0;
  std::size_t section_ = 0;
  int lines_ = 0;
  State state_ = State::more;
  Refusal refusal_ = kBadRequest;
};

enum class Framing { none, length, chunked };

struct Head {
  Method method = Method::get;
  std::string target;
  int minor = 1;  // of HTTP/1.x
  Headers headers;
  std::size_t section = 0;  // bytes of the header lines, for the limit shared with trailers
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

// `raw` is a complete head, request line to empty line.
std::expected<Head, Refusal> parse_head(std::string_view raw);

// One "Name: value" line without its CRLF into headers; false when it is none.
bool parse_field(std::string_view line, Headers& headers);

}  // namespace http::parse
