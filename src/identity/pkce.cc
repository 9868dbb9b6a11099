#include "identity/pkce.h"

#include "core/crypto.h"
#include "core/problem.h"
#include "core/text.h"

namespace identity {
namespace {

bool fits(std::string_view text) {
  if (text.size() < 43 || text.size() > 128) return false;
  for (const char c : text)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
        !std::string_view("-._~").contains(c))
      return false;
  return true;
}

}  // namespace

Challenge challenge_of(std::string_view value, std::string_view method) {
  if (value.empty() && method.empty()) return {};
  if (value.empty() || method.empty()) throw core::Problem(400, "identity.validation_failed.challenge_incomplete");
  if (!fits(value)) throw core::Problem(400, "identity.validation_failed.challenge");
  Challenge out{std::string(value), core::lower(method)};
  if (out.method != "s256" && out.method != "plain")
    throw core::Problem(400, "identity.validation_failed.challenge_method", {{"method", out.method.substr(0, 20)}});
  return out;
}

bool answers(const Challenge& challenge, std::string_view verifier) {
  if (challenge.value.empty() || !fits(verifier)) return false;
  const std::string computed =
      challenge.method == "plain" ? std::string(verifier) : core::base64url(core::sha256(verifier));
  return core::equal_constant_time(computed, challenge.value);
}

}  // namespace identity
