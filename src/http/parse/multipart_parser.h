// Parses multipart/form-data (RFC 7578, RFC 2046 5.1) as it arrives. Buffers at most a part's headers or the few bytes
// that might begin a delimiter, besides what was fed last.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/multipart.h"

namespace http::parse {

// The boundary of a Content-Type; nothing when it is no multipart/form-data or has no valid one.
std::optional<std::string> boundary_of(std::string_view content_type);

class MultipartParser {
 public:
  explicit MultipartParser(std::string_view boundary) : delimiter_("\r\n--" + std::string(boundary)), buffer_("\r\n") {}

  enum class Event { more, part, data, part_end, end, malformed };
  void feed(std::string_view bytes);
  // The next event. After `more` feed again; at the end of the body `more` means that it was cut off.
  Event next();
  const Part& part() const { return part_; }       // after `part`
  std::string_view data() const { return data_; }  // after `data`, until the next call of next() or feed()

 private:
  enum class State { preamble, after_delimiter, headers, body, end };
  Event after_delimiter();
  Event headers();
  Event body();
  bool parse_headers(std::string_view block);
  std::string_view rest() const { return std::string_view{buffer_}.substr(at_); }
  std::string delimiter_;
  std::string buffer_;
  std::size_t at_ = 0;
  State state_ = State::preamble;
  int parts_ = 0;
  Part part_;
  std::string_view data_;
};

}  // namespace http::parse
