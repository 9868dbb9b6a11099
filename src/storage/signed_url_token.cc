#include "storage/signed_url_token.h"

#include "core/crypto.h"
#include "core/json.h"

namespace storage {

namespace {

constexpr std::size_t kMaxTokenBytes = 8192;
constexpr std::string_view kHead = R"({"alg":"HS256","typ":"JWT"})";

std::string_view name_of(Scope scope) { return scope == Scope::download ? "download" : "upload"; }

std::variant<core::Json, TokenError> verify_signature(const core::Secret& key, std::string_view token) {
  const std::size_t dot = token.find('.');
  const std::size_t last = token.rfind('.');
  if (token.size() > kMaxTokenBytes || dot == std::string_view::npos || dot == last) return TokenError::malformed;
  if (token.find('.', dot + 1) != last) return TokenError::malformed;
  const auto head_text = core::unbase64url(token.substr(0, dot));
  const auto mac = core::unbase64url(token.substr(last + 1));
  if (!head_text || !mac) return TokenError::malformed;
  const auto head = core::Json::parse(*head_text);
  if (!head || !head->is_object()) return TokenError::malformed;
  if ((*head)["alg"].string_or("") != "HS256" || head->has("crit")) return TokenError::bad_signature;
  if (!core::equal_constant_time(core::hmac_sha256(key.reveal(), token.substr(0, last)), *mac))
    return TokenError::bad_signature;
  const auto body = core::unbase64url(token.substr(dot + 1, last - dot - 1));
  const auto claims = body ? core::Json::parse(*body) : std::nullopt;
  if (!claims || !claims->is_object()) return TokenError::malformed;
  return *claims;
}

}  // namespace

core::Secret derive_signing_key(const core::Secret& jwt_secret) {
  return core::Secret(core::hmac_sha256(jwt_secret.reveal(), "tenon storage signed link, version 1"));
}

std::string sign_token(const core::Secret& key, const SignedUrlClaims& claims) {
  core::JsonWriter w;
  w.begin().field("url", claims.path).field("scope", name_of(claims.scope));
  w.field("iat", claims.issued).field("exp", claims.expires);
  if (claims.scope == Scope::upload) w.field("owner", claims.owner).field("upsert", claims.upsert);
  w.end();
  const std::string signed_part = core::base64url(kHead) + "." + core::base64url(w.str());
  return signed_part + "." + core::base64url(core::hmac_sha256(key.reveal(), signed_part));
}

std::variant<SignedUrlClaims, TokenError> verify_token(const core::Secret& key, std::string_view token, Scope scope,
                                                       std::string_view path, std::int64_t now) {
  const auto verified = verify_signature(key, token);
  if (const auto* error = std::get_if<TokenError>(&verified)) return *error;
  const core::Json& json = std::get<core::Json>(verified);
  const auto expires = json["exp"].integer();
  if (!expires) return TokenError::malformed;
  if (*expires <= now) return TokenError::expired;
  if (json["scope"].string_or("") != name_of(scope)) return TokenError::wrong_scope;
  if (json["url"].string_or("") != path) return TokenError::wrong_path;
  SignedUrlClaims claims;
  claims.scope = scope;
  claims.path = std::string(path);
  claims.issued = json["iat"].integer().value_or(0);
  claims.expires = *expires;
  claims.owner = json["owner"].string();
  claims.upsert = json["upsert"].boolean().value_or(false);
  return claims;
}

}  // namespace storage
