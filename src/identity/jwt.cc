#include "identity/jwt.h"

#include <cmath>

#include "core/crypto.h"
#include "core/text.h"

namespace identity::jwt {
namespace {

enum class Expiry { checked, ignored };

struct Rules {
  Expiry expiry = Expiry::checked;
  double leeway = 0;                // seconds that clocks may differ
  std::string_view role_if_absent;  // empty: a token must name its role
};
constexpr double kLeeway = 30;

std::expected<Claims, Fault> check(std::string text, const std::optional<core::Json>& json, core::Time now,
                                   const Rules& rules) {
  if (!json || !json->is_object()) return std::unexpected(Fault::malformed);
  const double seconds = static_cast<double>(core::unix_seconds(now));
  const auto exp = (*json)["exp"].number();
  if (!exp || !std::isfinite(*exp) || *exp < 0 || *exp > 1e15) return std::unexpected(Fault::bad_claims);
  if (json->has("nbf")) {
    const auto nbf = (*json)["nbf"].number();
    if (!nbf) return std::unexpected(Fault::bad_claims);
    if (*nbf > seconds + rules.leeway) return std::unexpected(Fault::not_yet_valid);
  }
  if (const auto iat = (*json)["iat"].number(); rules.leeway > 0 && iat && *iat > seconds + rules.leeway)
    return std::unexpected(Fault::issued_in_future);
  Claims claims;
  claims.role = json->has("role") ? (*json)["role"].string_or("") : std::string(rules.role_if_absent);
  if (claims.role != "anon" && claims.role != "authenticated" && claims.role != "service_role")
    return std::unexpected(Fault::bad_claims);
  // The same keys may sign tokens for other audiences. API keys have none.
  if (json->has("aud") && (*json)["aud"].string_or("") != "authenticated")
    return std::unexpected(Fault::other_audience);
  if (rules.expiry == Expiry::checked && *exp + rules.leeway <= seconds) return std::unexpected(Fault::expired);
  if (json->has("sub") && !(*json)["sub"].is_string()) return std::unexpected(Fault::bad_claims);
  claims.subject = (*json)["sub"].string_or("");
  claims.user = core::UserId::parse(claims.subject);
  if (json->has("session_id")) {
    claims.session = core::SessionId::parse((*json)["session_id"].string_or(""));
    if (!claims.session) return std::unexpected(Fault::bad_claims);
  }
  claims.email = (*json)["email"].string_or("");
  claims.expires = static_cast<std::int64_t>(*exp);
  claims.json = *json;
  claims.text = std::move(text);
  return claims;
}

std::expected<Claims, Fault> read(std::string_view token, const KeySet& keys, core::Time now, const Rules& rules) {
  auto payload = verify_signature(token, keys);
  if (!payload) return std::unexpected(payload.error());
  const auto json = core::Json::parse(*payload);
  return check(std::move(*payload), json, now, rules);
}

constexpr Rules kLenient{.leeway = kLeeway, .role_if_absent = "anon"};

}  // namespace

std::string_view sentence(Fault fault) {
  switch (fault) {
    case Fault::malformed: return "token is malformed";
    case Fault::bad_algorithm: return "signing method is invalid";
    case Fault::bad_signature: return "signature is invalid";
    case Fault::expired: return "token is expired";
    case Fault::not_yet_valid: return "token is not valid yet";
    case Fault::issued_in_future: return "token was issued in the future";
    case Fault::other_audience:
    case Fault::bad_claims: return "token has invalid claims";
  }
  return "token is invalid";
}

std::string sign(std::string_view claims_json, const KeySet& keys) {
  std::string token = core::base64url(keys.header()) + "." + core::base64url(claims_json);
  const std::string signature = keys.signature(token);
  return token + "." + core::base64url(signature);
}

std::expected<std::string, Fault> verify_signature(std::string_view token, const KeySet& keys) {
  if (token.empty() || token.size() > kMaxLength) return std::unexpected(Fault::malformed);
  const auto parts = core::split(token, '.');
  if (parts.size() != 3) return std::unexpected(Fault::malformed);
  const auto signature = core::unbase64url(parts[2]);
  const auto header_text = core::unbase64url(parts[0]);
  if (!signature || !header_text) return std::unexpected(Fault::malformed);
  const auto header = core::Json::parse(*header_text);
  if (!header || !header->is_object() || header->has("crit")) return std::unexpected(Fault::malformed);
  if (header->has("kid") && !(*header)["kid"].is_string()) return std::unexpected(Fault::malformed);
  const std::string alg = (*header)["alg"].string_or("");
  if (alg != "HS256" && alg != "ES256" && alg != "RS256") return std::unexpected(Fault::bad_algorithm);
  const std::string kid = (*header)["kid"].string_or("");
  const std::string_view signed_part = token.substr(0, parts[0].size() + 1 + parts[1].size());
  if (!keys.verifies(alg, kid, signed_part, *signature)) return std::unexpected(Fault::bad_signature);
  auto payload = core::unbase64url(parts[1]);
  if (!payload) return std::unexpected(Fault::malformed);
  return std::move(*payload);
}

std::expected<Claims, Fault> verify(std::string_view token, const KeySet& keys, core::Time now) {
  return read(token, keys, now, {});
}

std::expected<Claims, Fault> VerifiedTokenCache::verify(std::string_view token, const KeySet& keys, core::Time now,
                                                        Clocks clocks) {
  const Rules rules = clocks == Clocks::lenient ? kLenient : Rules{};
  std::string digest = core::sha256(token);
  if (const auto known = payloads_.find(digest); known != payloads_.end())
    return check(known->second.text, known->second.json, now, rules);
  auto text = verify_signature(token, keys);
  if (!text) return std::unexpected(text.error());
  Payload payload{std::move(*text), {}};
  payload.json = core::Json::parse(payload.text);
  auto claims = check(payload.text, payload.json, now, rules);
  if (claims) {
    if (payloads_.size() >= kMaxTokens) payloads_.clear();
    payloads_.emplace(std::move(digest), std::move(payload));
  }
  return claims;
}

std::expected<Claims, Fault> verify_expired(std::string_view token, const KeySet& keys, core::Time now) {
  return read(token, keys, now, {.expiry = Expiry::ignored});
}

}  // namespace identity::jwt
