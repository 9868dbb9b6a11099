#include "mail/webhook_signature.h"

#include "core/crypto.h"
#include "core/text.h"

namespace mail {
namespace {
constexpr std::int64_t kToleranceSeconds = 300;
}

SignatureHeaders signature_headers(const http::Headers& headers) {
  const std::string prefix = headers.has("svix-id") ? "svix-" : "webhook-";
  return {std::string{headers.get(prefix + "id")}, std::string{headers.get(prefix + "timestamp")},
          std::string{headers.get(prefix + "signature")}};
}

bool verify_signature(const core::Secret& secret, const SignatureHeaders& headers, std::string_view body,
                      core::Time now) {
  std::string_view text = secret.reveal();
  if (text.starts_with("whsec_")) text.remove_prefix(6);
  const auto key = core::unbase64(text);
  if (!key || key->empty() || headers.id.empty() || headers.id.size() > 200 || headers.signatures.empty()) return false;
  const auto at = core::parse_int(headers.timestamp);
  if (!at || *at < core::unix_seconds(now) - kToleranceSeconds || *at > core::unix_seconds(now) + kToleranceSeconds)
    return false;

  std::string message = headers.id + "." + headers.timestamp + ".";
  message += body;
  const std::string expected = core::base64(core::hmac_sha256(*key, message));
  bool matches = false;
  for (const std::string_view entry : core::split(headers.signatures, ' '))
    if (entry.starts_with("v1,") && core::equal_constant_time(entry.substr(3), expected)) matches = true;
  return matches;
}

}  // namespace mail
