// GoTrue's errors (docs/spec/supabase-auth.md 2): code and message, in English for every caller.
#pragma once

#include <string>
#include <string_view>

#include "core/problem.h"

namespace auth_api {

// An error that only these endpoints have, named and worded as GoTrue's type of this name.
class HttpError : public core::Problem {
 public:
  HttpError(int http_status, std::string_view error_code, std::string text)
      : Problem(http_status, "auth_api." + std::string(error_code)), message(std::move(text)) {}
  std::string message;
};

// GoTrue's sentence for a Problem: that of an HttpError, or the one that clients know for identity's and oauth's codes.
// What GoTrue does not have keeps the product's English sentence.
std::string gotrue_message(const core::Problem& problem);

}  // namespace auth_api
