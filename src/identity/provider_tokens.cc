#include "identity/provider_tokens.h"

#include <sodium.h>

#include "core/crypto.h"

namespace identity {
namespace {

std::string key_of(std::string_view code) { return core::hmac_sha256(code, "tenon oauth tokens"); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string encrypt_for_code(std::string_view token, std::string_view code) {
  if (token.empty()) return {};
  const std::string key = key_of(code);
  const std::string nonce = core::random_bytes(crypto_secretbox_NONCEBYTES);
  std::string box(token.size() + crypto_secretbox_MACBYTES, '\0');
  crypto_secretbox_easy(reinterpret_cast<unsigned char*>(box.data()), bytes(token), token.size(), bytes(nonce),
                        bytes(key));
  return core::base64url(nonce + box);
}

std::string decrypt_with_code(std::string_view text, std::string_view code) {
  const auto raw = core::unbase64url(text);
  if (!raw || raw->size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) return {};
  const std::string_view nonce = std::string_view(*raw).substr(0, crypto_secretbox_NONCEBYTES);
  const std::string_view box = std::string_view(*raw).substr(crypto_secretbox_NONCEBYTES);
  const std::string key = key_of(code);
  std::string out(box.size() - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(out.data()), bytes(box), box.size(), bytes(nonce),
                                 bytes(key)) != 0)
    return {};
  return out;
}

}  // namespace identity
