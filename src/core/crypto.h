// Digests, randomness and encodings over OpenSSL. Password hashing is auth's own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace core {

std::string sha256(std::string_view bytes);  // 32 raw bytes
std::string sha224(std::string_view bytes);  // 28 raw bytes
std::string sha1(std::string_view bytes);    // 20 raw bytes, for TOTP and lists of leaked passwords only
std::string md5(std::string_view bytes);     // 16 raw bytes, for ETags only
std::string hmac_sha256(std::string_view key, std::string_view bytes);
std::string hmac_sha1(std::string_view key, std::string_view bytes);  // for TOTP only
std::string random_bytes(std::size_t n);                              // cryptographically secure
std::string random_text(std::size_t n, std::string_view alphabet);    // unbiased
bool equal_constant_time(std::string_view a, std::string_view b);     // time depends on the lengths only

std::string hex(std::string_view bytes);  // lower case
std::optional<std::string> unhex(std::string_view text);
std::string base64(std::string_view bytes);
std::string base64url(std::string_view bytes);                  // without padding
std::optional<std::string> unbase64(std::string_view text);     // strict, padding required
std::optional<std::string> unbase64url(std::string_view text);  // strict, padding refused

}  // namespace core
