// Decodes a chunked body (RFC 9112 7.1) as it arrives. Chunk extensions are checked and dropped; trailer fields are
// checked, counted with the head's own, and dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/parse/refusal.h"

namespace http::parse {

class ChunkDecoder {
 public:
  // The head's share of the limits that trailers count towards, too.
  ChunkDecoder(int headers, std::size_t section) : headers_(headers), section_(section) {}

  // Takes bytes off the front of `input`; returns data (a part of input), empty when it needs more, is done or refuses.
  std::string_view take(std::string_view& input);
  bool done() const { return state_ == State::done; }
  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  enum class State { size_line, data, data_end, trailer, done };
  // Collects a line up to its CRLF into line_; true when it is whole.
  bool take_line(std::string_view& input, std::size_t limit, Refusal too_long);
  void refuse(Refusal why) { refusal_ = why; }
  void end_size_line();
  void end_trailer_line();
  State state_ = State::size_line;
  std::string line_;
  std::uint64_t left_ = 0;
  int headers_;
  std::size_t section_;
  std::optional<Refusal> refusal_;
};

}  // namespace http::parse
