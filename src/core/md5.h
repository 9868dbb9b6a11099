// MD5 of bytes that come in pieces, for ETags only (core/crypto.h has it for bytes at hand).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace core {

class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;
  void update(std::string_view bytes);
  std::string finish();  // 16 raw bytes; once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace core
