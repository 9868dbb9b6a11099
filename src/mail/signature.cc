#include "mail/signature.h"

#include "core/crypto.h"
#include "core/text.h"

namespace mail {
namespace {
constexpr std::int64_t kTolerance = 300;
}

Signed signed_of(const http::Headers& headers) {
  const std::string prefix = headers.has("svix-id") ? "svix-" : "webhook-";
  return {std::string{headers.get(prefix + "id")}, std::string{headers.get(prefix + "timestamp")},
          std::string{headers.get(prefix + "signature")}};
}

bool verify(const core::Secret& secret, const Signed& head, std::string_view body, core::Time now) {
  std::string_view text = secret.reveal();
  if (text.starts_with("whsec_")) text.remove_prefix(6);
  const auto key = core::unbase64(text);
  if (!key || key->empty() || head.id.empty() || head.id.size() > 200 || head.signatures.empty()) return false;
  const auto at = core::parse_int(head.timestamp);
  if (!at || *at < core::unix_seconds(now) - kTolerance || *at > core::unix_seconds(now) + kTolerance) return false;

  std::string message = head.id + "." + head.timestamp + ".";
  message += body;
  const std::string expected = core::base64(core::hmac_sha256(*key, message));
  bool fits = false;
  for (const std::string_view entry : core::split(head.signatures, ' '))
    if (entry.starts_with("v1,") && core::equal_constant_time(entry.substr(3), expected)) fits = true;
  return fits;
}

}  // namespace mail
