// Session tokens and the tokens of signed links: no bytes of a stranger pass, whatever they are made of. The first byte
// chooses whether the rest is a whole token or claims that the server's own key has signed.
#include <cstdint>
#include <cstdlib>

#include "identity/jwt.h"
#include "storage/signed_url_token.h"

namespace {
constexpr std::string_view kSecret = "a secret of the fuzzers only, long enough";
const core::Time kNow{std::chrono::seconds{1772366400}};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const core::Secret link_key = storage::derive_signing_key(core::Secret(std::string(kSecret)));
  if (data[0] % 2 == 0) {
    if (identity::jwt::verify(bytes, kSecret, kNow) || identity::jwt::verify_signature(bytes, kSecret)) std::abort();
    for (const auto scope : {storage::Scope::download, storage::Scope::upload})
      if (std::holds_alternative<storage::SignedUrlClaims>(
              storage::verify_token(link_key, bytes, scope, "b/k", 1772366400)))
        std::abort();
    return 0;
  }
  const std::string token = identity::jwt::sign(bytes, kSecret);
  const auto claims = identity::jwt::verify(token, kSecret, kNow);
  if (!claims) return 0;
  if (claims->expires <= core::unix_seconds(kNow)) std::abort();
  if (claims->role != "anon" && claims->role != "authenticated" && claims->role != "service_role") std::abort();
  if (!claims->json.is_object() || claims->text != bytes) std::abort();
  // One kind of token is no other.
  if (std::holds_alternative<storage::SignedUrlClaims>(
          storage::verify_token(link_key, token, storage::Scope::download, "b/k", 1772366400)))
    std::abort();
  return 0;
}
