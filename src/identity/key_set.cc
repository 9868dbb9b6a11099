#include "identity/key_set.h"

#include <algorithm>

#include "core/crypto.h"
#include "core/signature.h"

namespace identity::jwt {

std::optional<PublicKey> public_key(const core::Json& jwk) {
  if (!jwk.is_object() || jwk.has("d") || jwk.has("k")) return std::nullopt;
  if (jwk["use"].string_or("sig") != "sig") return std::nullopt;
  const auto member = [&](const char* name) { return core::unbase64url(jwk[name].string_or("")).value_or(""); };
  PublicKey key;
  key.kid = jwk["kid"].string_or("");
  const std::string kind = jwk["kty"].string_or("");
  if (kind == "EC" && jwk["crv"].string_or("") == "P-256") {
    key.alg = "ES256";
    key.a = member("x");
    key.b = member("y");
    if (key.a.size() != 32 || key.b.size() != 32) return std::nullopt;
  } else if (kind == "RSA") {
    key.alg = "RS256";
    key.a = member("n");
    key.b = member("e");
    if (key.a.size() < 256 || key.b.empty()) return std::nullopt;
  }
  if (key.kid.empty() || key.alg.empty() || jwk["alg"].string_or(key.alg) != key.alg) return std::nullopt;
  return key;
}

std::string jwk_of(const PublicKey& key) {
  core::JsonWriter out;
  out.begin().field("kid", key.kid).field("alg", key.alg).field("use", "sig");
  out.key("key_ops").begin_array().value("verify").end_array();
  if (key.alg == "ES256")
    out.field("kty", "EC").field("crv", "P-256").field("x", core::base64url(key.a)).field("y", core::base64url(key.b));
  else out.field("kty", "RSA").field("n", core::base64url(key.a)).field("e", core::base64url(key.b));
  out.end();
  return out.take();
}

void KeySet::sign_with(std::string kid, core::EcKey key) { signing_ = Signing{std::move(kid), std::move(key)}; }
void KeySet::trust(PublicKey key) { public_.push_back(std::move(key)); }

std::string KeySet::jwks() const {
  core::JsonWriter out;
  out.begin().key("keys").begin_array();
  for (const PublicKey& key : public_) out.raw(jwk_of(key));
  out.end_array().end();
  return out.take();
}

std::string KeySet::header() const {
  core::JsonWriter out;
  out.begin().field("alg", algorithm());
  if (signing_) out.field("kid", signing_->kid);
  out.field("typ", "JWT").end();
  return out.take();
}

std::string KeySet::signature(std::string_view text) const {
  return signing_ ? signing_->key.sign(text) : core::hmac_sha256(secret_, text);
}

bool KeySet::verifies(std::string_view alg, std::string_view kid, std::string_view text,
                      std::string_view signature) const {
  const bool names_public =
      std::any_of(public_.begin(), public_.end(), [&](const PublicKey& key) { return !kid.empty() && key.kid == kid; });
  if (alg == "HS256")  // whatever kid another issuer gave the shared secret is unknown here
    return !names_public && !secret_.empty() && core::equal_constant_time(core::hmac_sha256(secret_, text), signature);
  for (const PublicKey& key : public_) {
    if (key.kid != kid || key.alg != alg) continue;
    return key.alg == "ES256" ? core::verify_es256(key.a, key.b, text, signature)
                              : core::verify_rs256(key.a, key.b, text, signature);
  }
  return false;
}

}  // namespace identity::jwt
