#include "storage/token.h"

#include "core/crypto.h"
#include "core/json.h"

namespace storage {

namespace {

constexpr std::size_t kLongestToken = 8192;
constexpr std::string_view kHead = R"({"alg":"HS256","typ":"JWT"})";

std::string_view name_of(Scope scope) { return scope == Scope::download ? "download" : "upload"; }

// The verified claims of a token, or what is wrong with it.
std::variant<core::Json, TokenFault> open(const core::Secret& key, std::string_view token) {
  const std::size_t dot = token.find('.');
  const std::size_t last = token.rfind('.');
  if (token.size() > kLongestToken || dot == std::string_view::npos || dot == last) return TokenFault::malformed;
  if (token.find('.', dot + 1) != last) return TokenFault::malformed;
  const auto head_text = core::unbase64url(token.substr(0, dot));
  const auto mac = core::unbase64url(token.substr(last + 1));
  if (!head_text || !mac) return TokenFault::malformed;
  const auto head = core::Json::parse(*head_text);
  if (!head || !head->is_object()) return TokenFault::malformed;
  if ((*head)["alg"].string_or("") != "HS256" || head->has("crit")) return TokenFault::bad_signature;
  if (!core::equal_constant_time(core::hmac_sha256(key.reveal(), token.substr(0, last)), *mac))
    return TokenFault::bad_signature;
  const auto body = core::unbase64url(token.substr(dot + 1, last - dot - 1));
  const auto claims = body ? core::Json::parse(*body) : std::nullopt;
  if (!claims || !claims->is_object()) return TokenFault::malformed;
  return *claims;
}

}  // namespace

core::Secret link_key(const core::Secret& jwt_secret) {
  return core::Secret(core::hmac_sha256(jwt_secret.reveal(), "tenon storage signed link, version 1"));
}

std::string sign(const core::Secret& key, const Grant& grant) {
  core::JsonWriter w;
  w.begin().field("url", grant.url).field("scope", name_of(grant.scope));
  w.field("iat", grant.issued).field("exp", grant.expires);
  if (grant.scope == Scope::upload) w.field("owner", grant.owner).field("upsert", grant.upsert);
  w.end();
  const std::string signed_part = core::base64url(kHead) + "." + core::base64url(w.str());
  return signed_part + "." + core::base64url(core::hmac_sha256(key.reveal(), signed_part));
}

std::variant<Grant, TokenFault> verify(const core::Secret& key, std::string_view token, Scope scope,
                                       std::string_view url, std::int64_t now) {
  auto opened = open(key, token);
  if (const auto* fault = std::get_if<TokenFault>(&opened)) return *fault;
  const core::Json& claims = std::get<core::Json>(opened);
  const auto expires = claims["exp"].integer();
  if (!expires) return TokenFault::malformed;
  if (*expires <= now) return TokenFault::expired;
  if (claims["scope"].string_or("") != name_of(scope)) return TokenFault::other_scope;
  if (claims["url"].string_or("") != url) return TokenFault::other_url;
  Grant grant;
  grant.scope = scope;
  grant.url = std::string(url);
  grant.issued = claims["iat"].integer().value_or(0);
  grant.expires = *expires;
  grant.owner = claims["owner"].string();
  grant.upsert = claims["upsert"].boolean().value_or(false);
  return grant;
}

}  // namespace storage
