// The Content-Security-Policy of every page (docs/spec/security.md 4.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace http::serve {

class ContentSecurityPolicy {
 public:
  // `sources` join the directive that they name: "form-action https://pay.example".
  explicit ContentSecurityPolicy(const std::vector<std::string>& sources);
  std::string with_nonce(std::string_view nonce) const;

 private:
  std::string before_nonce_;
  std::string after_nonce_;
};

}  // namespace http::serve
