// Signatures of Resend's webhooks, by the Standard Webhooks scheme: HMAC-SHA256 over "<id>.<timestamp>.<body>".
#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/env.h"
#include "http/request.h"

namespace mail {

struct SignatureHeaders {
  std::string id;
  std::string timestamp;
  std::string signatures;  // "v1,<base64> v1,<base64> …"
};
SignatureHeaders signature_headers(const http::Headers& headers);  // svix-* or webhook-*
// False without a secret, when a header is missing, when the timestamp is more than 300 s off, or when no v1 signature
// matches.
bool verify_signature(const core::Secret& secret, const SignatureHeaders& headers, std::string_view body,
                      core::Time now);

}  // namespace mail
