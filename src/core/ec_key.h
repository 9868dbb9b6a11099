// A P-256 key pair that signs as ES256 does, over OpenSSL.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace core {

class EcKey {
 public:
  static EcKey generate();
  // PKCS #8 in DER, as private_der() writes it. Nothing when it holds no P-256 key.
  static std::optional<EcKey> from_private(std::string_view der);

  std::string private_der() const;
  const std::string& x() const { return x_; }  // the public point, 32 bytes each
  const std::string& y() const { return y_; }
  std::string sign(std::string_view message) const;  // r and s of 32 bytes each; SHA-256

 private:
  struct Impl;
  explicit EcKey(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
  std::string x_;
  std::string y_;
};

}  // namespace core
