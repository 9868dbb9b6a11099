#include "http/parse/chunked.h"

#include <algorithm>

#include "core/text.h"
#include "http/parse/head.h"
#include "http/token.h"

namespace http::parse {
namespace {

constexpr std::size_t kMaxSizeLine = 256;
constexpr Refusal kBadChunk{400, "http.bad_chunk"};
constexpr Refusal kTrailersTooLarge{431, "http.headers_too_large.trailers"};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// *( ";" name [ "=" value ] ), blanks only where RFC 9112 lets them be; a quoted value may hold anything printable.
bool valid_extensions(std::string_view text) {
  const auto skip_blanks = [&] {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  };
  const auto take_token = [&] {
    std::size_t n = 0;
    while (n < text.size() && is_token(text.substr(n, 1))) ++n;
    text.remove_prefix(n);
    return n > 0;
  };
  const auto take_quoted = [&] {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '\\') ++i;
      else if (text[i] == '"') {
        text.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  };
  while (!text.empty()) {
    skip_blanks();
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks();
    if (!take_token()) return false;
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (!(text.starts_with('"') ? take_quoted() : take_token())) return false;
  }
  return true;
}

}  // namespace

bool ChunkDecoder::take_line(std::string_view& input, std::size_t limit, Refusal too_long) {
  while (!input.empty()) {
    const char c = input.front();
    input.remove_prefix(1);
    const bool after_cr = line_.ends_with('\r');
    if (after_cr != (c == '\n') || (c != '\r' && c != '\n' && c != '\t' && static_cast<unsigned char>(c) < 0x20)) {
      refuse(kBadChunk);
      return false;
    }
    if (c == '\n') {
      line_.pop_back();
      return true;
    }
    line_ += c;
    if (line_.size() > limit) {
      refuse(too_long);
      return false;
    }
  }
  return false;
}

void ChunkDecoder::end_size_line() {
  std::size_t digits = 0;
  left_ = 0;
  while (digits < line_.size() && hex_digit(line_[digits]) >= 0) {
    if (digits == 15) return refuse(kBadChunk);  // 60 bits are enough, and cannot overflow
    left_ = left_ * 16 + static_cast<std::uint64_t>(hex_digit(line_[digits++]));
  }
  if (digits == 0 || !valid_extensions(std::string_view{line_}.substr(digits))) return refuse(kBadChunk);
  state_ = left_ == 0 ? State::trailer : State::data;
  line_.clear();
}

void ChunkDecoder::end_trailer_line() {
  if (line_.empty()) {
    state_ = State::done;
    return;
  }
  Headers field;
  section_ += line_.size() + 2;
  if (++headers_ > kMaxHeaders || section_ > kMaxSection) return refuse(kTrailersTooLarge);
  if (!parse_field(line_, field)) return refuse(kBadChunk);
  for (std::string_view name : {"content-length", "transfer-encoding", "host"})
    if (field.has(name)) return refuse(kBadChunk);
  line_.clear();
}

std::string_view ChunkDecoder::take(std::string_view& input) {
  while (!input.empty() && state_ != State::done && !refusal_) {
    if (state_ == State::data) {
      const std::string_view data = input.substr(0, std::min<std::uint64_t>(left_, input.size()));
      input.remove_prefix(data.size());
      left_ -= data.size();
      if (left_ == 0) state_ = State::data_end;
      return data;
    }
    if (state_ == State::data_end) {
      if (!take_line(input, 1, kBadChunk)) continue;
      if (!line_.empty()) refuse(kBadChunk);
      state_ = State::size_line;
    } else if (state_ == State::size_line) {
      if (take_line(input, kMaxSizeLine, kBadChunk)) end_size_line();
    } else if (take_line(input, kMaxSection, kTrailersTooLarge)) {
      end_trailer_line();
    }
  }
  return {};
}

}  // namespace http::parse
