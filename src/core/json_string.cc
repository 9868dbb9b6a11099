// Writes strings as JSON. Copies runs of bytes that need no escape, found eight bytes at a time.
#include <array>
#include <cstdint>
#include <cstring>

#include "core/json.h"

namespace core {

namespace {

enum class Utf8 { checked, trusted };

// 0: copied as it is. 'u': \u00XX. '?': the beginning of a UTF-8 sequence. Otherwise: a backslash and this letter.
constexpr std::array<char, 256> table_of(Utf8 utf8) {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  if (utf8 == Utf8::trusted) return table;
  table[0x7f] = 'u';
  for (std::size_t c = 0x80; c < table.size(); ++c) table[c] = '?';
  return table;
}

template <Utf8 utf8>
constexpr std::array<char, 256> kEscapes = table_of(utf8);

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

constexpr std::uint64_t has_zero(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

// True when one of eight bytes must be escaped.
template <Utf8 utf8>
constexpr bool needs_escape(std::uint64_t word) {
  const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
  const std::uint64_t found = control | has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\'));
  if constexpr (utf8 == Utf8::trusted) return found != 0;
  else return (found | (word & kHighs) | has_zero(word ^ (kOnes * 0x7f))) != 0;
}

// The number of bytes at the front that are copied as they are.
template <Utf8 utf8>
std::size_t clean_prefix(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if (needs_escape<utf8>(word)) break;
  }
  while (at < text.size() && kEscapes<utf8>[static_cast<unsigned char>(text[at])] == 0) ++at;
  return at;
}

// The length of the valid UTF-8 sequence at the front (RFC 3629), 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool out_of_range = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || out_of_range ? 0 : length;
}

template <Utf8 utf8>
void append(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    const std::size_t clean = clean_prefix<utf8>(text);
    out.append(text.data(), clean);
    if (clean == text.size()) break;
    text.remove_prefix(clean);
    const auto byte = static_cast<unsigned char>(text.front());
    const char escape = kEscapes<utf8>[byte];
    std::size_t taken = 1;
    if (escape == '?') {
      const std::size_t length = sequence_length(text);
      taken = length == 0 ? 1 : length;
      out += length == 0 ? std::string_view{"\xEF\xBF\xBD"} : text.substr(0, length);
    } else {
      out += '\\';
      out += escape;
      if (escape == 'u') {
        constexpr std::string_view kDigits = "0123456789abcdef";
        out += "00";
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
      }
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) { append<Utf8::checked>(out, text); }

void append_json_utf8(std::string& out, std::string_view text) { append<Utf8::trusted>(out, text); }

}  // namespace core
