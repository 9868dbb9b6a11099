#include "identity/encrypted_column.h"

#include <sodium.h>

#include "core/crypto.h"

namespace identity {
namespace {

std::string key_of(const Config& config, std::string_view purpose) {
  return core::hmac_sha256(config.jwt_secret.reveal(), "tenon seal: " + std::string(purpose));
}
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string encrypt_column(const Config& config, std::string_view purpose, std::string_view plain) {
  const std::string key = key_of(config, purpose);
  const std::string nonce = core::random_bytes(crypto_secretbox_NONCEBYTES);
  std::string box(plain.size() + crypto_secretbox_MACBYTES, '\0');
  crypto_secretbox_easy(bytes(box), bytes(plain), plain.size(), bytes(std::string_view(nonce)),
                        bytes(std::string_view(key)));
  return nonce + box;
}

std::optional<std::string> decrypt_column(const Config& config, std::string_view purpose, std::string_view sealed) {
  if (sealed.size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) return std::nullopt;
  const std::string key = key_of(config, purpose);
  const std::string_view nonce = sealed.substr(0, crypto_secretbox_NONCEBYTES);
  const std::string_view box = sealed.substr(crypto_secretbox_NONCEBYTES);
  std::string plain(box.size() - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(bytes(plain), bytes(box), box.size(), bytes(nonce), bytes(std::string_view(key))) != 0)
    return std::nullopt;
  return plain;
}

}  // namespace identity
