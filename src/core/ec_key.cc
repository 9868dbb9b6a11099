#include "core/ec_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace core {
namespace {

constexpr std::size_t kNumber = 32;

void require(bool done) {
  if (done) return;
  ERR_clear_error();
  throw std::runtime_error("an operation with an elliptic key failed");
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  std::string out(kNumber, '\0');
  const bool fits = BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), kNumber) == kNumber;
  BN_free(number);
  require(fits);
  return out;
}

std::string number_of(const BIGNUM* number) {
  std::string out(kNumber, '\0');
  require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), kNumber) == kNumber);
  return out;
}

}  // namespace

struct EcKey::Impl {
  explicit Impl(EVP_PKEY* k) : key(k) {}
  ~Impl() { EVP_PKEY_free(key); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  EVP_PKEY* key;
};

EcKey::EcKey(std::shared_ptr<const Impl> impl)
    : impl_(std::move(impl)),
      x_(coordinate(impl_->key, OSSL_PKEY_PARAM_EC_PUB_X)),
      y_(coordinate(impl_->key, OSSL_PKEY_PARAM_EC_PUB_Y)) {}

EcKey EcKey::generate() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  require(key != nullptr);
  return EcKey(std::make_shared<const Impl>(key));
}

std::optional<EcKey> EcKey::from_private(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
  ERR_clear_error();
  if (key == nullptr) return std::nullopt;
  auto impl = std::make_shared<const Impl>(key);
  char group[32] = {};
  std::size_t size = 0;
  const bool right = EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &size) == 1 &&
                     std::string_view(group, size) == "prime256v1";
  ERR_clear_error();
  if (!right) return std::nullopt;
  return EcKey(std::move(impl));
}

std::string EcKey::private_der() const {
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(impl_->key);
  require(info != nullptr);
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  PKCS8_PRIV_KEY_INFO_free(info);
  require(size > 0);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return out;
}

std::string EcKey::sign(std::string_view message) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string der(128, '\0');
  std::size_t size = der.size();
  const bool signed_now = context != nullptr &&
                          EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, impl_->key) == 1 &&
                          EVP_DigestSign(context, reinterpret_cast<unsigned char*>(der.data()), &size,
                                         reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  EVP_MD_CTX_free(context);
  require(signed_now);
  // JWS has the two numbers side by side, OpenSSL writes DER.
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
  require(pair != nullptr);
  std::string out;
  try {
    out = number_of(ECDSA_SIG_get0_r(pair)) + number_of(ECDSA_SIG_get0_s(pair));
  } catch (...) {
    ECDSA_SIG_free(pair);
    throw;
  }
  ECDSA_SIG_free(pair);
  return out;
}

}  // namespace core
