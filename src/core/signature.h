// Verifies signatures, over OpenSSL. An invalid key or a malformed signature does not verify.
#pragma once

#include <string_view>

namespace core {

// RSASSA-PKCS1-v1_5 with SHA-256; modulus (2048 to 8192 bits) and exponent are big-endian bytes.
bool verify_rs256(std::string_view modulus, std::string_view exponent, std::string_view message,
                  std::string_view signature);

// ECDSA on P-256 with SHA-256; the point's coordinates are 32 bytes each, the signature r and s of 32 bytes each.
bool verify_es256(std::string_view x, std::string_view y, std::string_view message, std::string_view signature);

}  // namespace core
