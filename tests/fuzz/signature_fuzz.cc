// The signature headers of webhooks, four lines: id, timestamp, signatures, body. Nothing unsigned passes.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "mail/webhook_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string, 3> lines;
  for (std::string& line : lines) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  http::Headers headers;
  headers.add(size % 2 == 0 ? "svix-id" : "webhook-id", lines[0]);
  headers.add(size % 2 == 0 ? "svix-timestamp" : "webhook-timestamp", lines[1]);
  headers.add(size % 2 == 0 ? "svix-signature" : "webhook-signature", lines[2]);
  static const core::Secret secret("whsec_dGhlIHNlY3JldCBvZiB0aGUgZnV6emVycyBvbmx5");
  const core::Time now{std::chrono::seconds{1772366400}};
  if (mail::verify_signature(secret, mail::signature_headers(headers), rest, now)) std::abort();
  return 0;
}
