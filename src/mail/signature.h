// The signature of Resend's webhooks (Svix scheme): HMAC-SHA256 over "<id>.<timestamp>.<body>".
#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/env.h"
#include "http/request.h"

namespace mail {

struct Signed {
  std::string id;
  std::string timestamp;
  std::string signatures;  // "v1,<base64> v1,<base64> …"
};
Signed signed_of(const http::Headers& headers);  // svix-* or webhook-*
// False without a secret, with a missing part, more than 300 s off either way, or when no v1 entry fits.
bool verify(const core::Secret& secret, const Signed& head, std::string_view body, core::Time now);

}  // namespace mail
