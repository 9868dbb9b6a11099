#include "core/ids.h"

#include <chrono>
#include <cstring>

#include "core/crypto.h"

namespace core {

namespace {
void stamp(std::array<std::uint8_t, 16>& bytes, int version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

Uuid Uuid::random() {
  Uuid id;
  const std::string bytes = random_bytes(16);
  std::memcpy(id.bytes_.data(), bytes.data(), 16);
  stamp(id.bytes_, 4);
  return id;
}

Uuid Uuid::ordered() {
  Uuid id;
  const std::string bytes = random_bytes(16);
  std::memcpy(id.bytes_.data(), bytes.data(), 16);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  for (int i = 0; i < 6; ++i) id.bytes_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)));
  // The sub-millisecond part, in 4096ths, keeps the order within a millisecond (RFC 9562, 6.2, method 3).
  const auto us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count()) % 1000;
  const std::uint64_t fraction = us * 4096 / 1000;
  id.bytes_[6] = static_cast<std::uint8_t>(fraction >> 8);
  id.bytes_[7] = static_cast<std::uint8_t>(fraction);
  stamp(id.bytes_, 7);
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t n = 0;
  for (std::size_t i = 0; i < 36;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      ++i;
      continue;
    }
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes_[n++] = static_cast<std::uint8_t>(high << 4 | low);
    i += 2;
  }
  return id;
}

std::string Uuid::str() const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHex[bytes_[i] >> 4];
    out += kHex[bytes_[i] & 15];
  }
  return out;
}

}  // namespace core
