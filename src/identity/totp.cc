#include "identity/totp.h"

#include <fmt/format.h>

#include "core/crypto.h"
#include "core/text.h"

namespace identity::totp {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

}  // namespace

std::string code(std::string_view secret, std::int64_t step, int digits) {
  std::string counter(8, '\0');
  for (int i = 7; i >= 0; --i, step >>= 8) counter[static_cast<std::size_t>(i)] = static_cast<char>(step & 0xff);
  const std::string mac = core::hmac_sha1(secret, counter);
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(mac[i])); };
  const std::size_t offset = at(19) & 15;
  const std::uint32_t number = (at(offset) & 0x7f) << 24 | at(offset + 1) << 16 | at(offset + 2) << 8 | at(offset + 3);
  std::uint32_t range = 1;
  for (int i = 0; i < digits; ++i) range *= 10;
  return fmt::format("{:0{}}", number % range, digits);
}

std::optional<std::int64_t> step_of(std::string_view secret, std::string_view typed, std::int64_t now_seconds) {
  const std::int64_t now = now_seconds / kStepSeconds;
  std::optional<std::int64_t> found;
  for (std::int64_t step = now - 1; step <= now + 1; ++step)
    if (core::equal_constant_time(code(secret, step), typed)) found = step;
  return found;
}

std::string base32(std::string_view bytes) {
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : bytes) {
    group = group << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += kAlphabet[group >> (bits - 5) & 31];
    group &= 0xff;
  }
  if (bits > 0) out += kAlphabet[group << (5 - bits) & 31];
  return out;
}

std::optional<std::string> unbase32(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    if (value == std::string_view::npos) return std::nullopt;
    group = (group << 5 | static_cast<std::uint32_t>(value)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(group >> bits & 0xff);
  }
  return out;
}

std::string uri(std::string_view issuer, std::string_view account, std::string_view secret) {
  return fmt::format("otpauth://totp/{}:{}?algorithm=SHA1&digits=6&issuer={}&period=30&secret={}",
                     core::percent_encode(issuer), core::percent_encode(account), core::percent_encode(issuer),
                     base32(secret));
}

}  // namespace identity::totp
