#include "core/md5.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace core {

struct Md5::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Md5::Md5() : impl_(std::make_unique<Impl>()) {
  if (EVP_DigestInit_ex(impl_->context, EVP_md5(), nullptr) != 1) throw std::runtime_error("MD5 is not available");
}

Md5::~Md5() = default;

void Md5::update(std::string_view bytes) {
  if (EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) != 1) throw std::runtime_error("digest failed");
}

std::string Md5::finish() {
  unsigned char out[16];
  if (EVP_DigestFinal_ex(impl_->context, out, nullptr) != 1) throw std::runtime_error("digest failed");
  return {reinterpret_cast<const char*>(out), sizeof out};
}

}  // namespace core
