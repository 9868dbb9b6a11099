#include "oauth/exchange.h"

#include <algorithm>
#include <array>

#include "core/crypto.h"
#include "core/text.h"
#include "oauth/github.h"

namespace oauth {
namespace {

void append(std::string& url, std::string_view name, std::string_view value) {
  url += url.contains('?') ? '&' : '?';
  url += core::percent_encode(name) + "=" + core::percent_encode(value);
}

std::string joined(const std::string& configured, std::string_view more) {
  std::string out = configured;
  for (const std::string_view scope : core::split(more, ' ')) {
    const auto known = core::split(out, ' ');
    if (!scope.empty() && std::find(known.begin(), known.end(), scope) == known.end()) out += " " + std::string(scope);
  }
  return out;
}

// Some providers write booleans as text.
bool is_true(const core::Json& value) { return value.boolean().value_or(false) || value.string_or("") == "true"; }

// Copies a claim under the names that Supabase Auth's identity_data uses; absent claims stay absent.
void put(core::JsonWriter& out, const core::Json& claims, std::string_view claim,
         std::initializer_list<std::string_view> names) {
  const std::string text = claims[claim].string_or("");
  if (text.empty() || text.size() > 2048) return;
  for (const std::string_view name : names) out.field(name, text);
}

http::ClientRequest token_request(const identity::Config& config, const Provider& provider, const Endpoints& at,
                                  const std::string& code, const std::string& verifier) {
  http::ClientRequest request;
  request.method = http::Method::post;
  request.url = at.token;
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  Pairs fields{{"grant_type", "authorization_code"},
               {"code", code},
               {"redirect_uri", callback_url(config)},
               {"code_verifier", verifier}};
  const std::string& secret = provider.client_secret.reveal();
  if (!secret.empty() && !at.secret_in_body) {
    // RFC 6749 2.3.1: both halves are form-encoded first.
    const std::string pair = core::percent_encode(provider.client_id) + ":" + core::percent_encode(secret);
    request.headers.set("Authorization", "Basic " + core::base64(pair));
  } else {
    fields.emplace_back("client_id", provider.client_id);
    if (!secret.empty()) fields.emplace_back("client_secret", secret);
  }
  for (const auto& [name, value] : fields)
    request.body += (request.body.empty() ? "" : "&") + core::percent_encode(name) + "=" + core::percent_encode(value);
  return request;
}

// Providers may leave the address out of the ID token and return it here (OpenID Connect Core 5.4).
Task<ProviderProfile> with_userinfo(OAuth& oauth, const Provider& provider, const Endpoints& at,
                                    ProviderProfile profile) {
  http::ClientRequest request;
  request.url = at.userinfo;
  request.headers.set("Authorization", "Bearer " + profile.access_token);
  const core::Json userinfo = co_await oauth.discovery().get_json(std::move(request));
  if (userinfo["sub"].string_or("") != profile.subject) throw ProviderFault("its userinfo describes another subject");
  ProviderProfile out = profile_from_claims(provider, userinfo);
  out.access_token = profile.access_token;
  out.refresh_token = profile.refresh_token;
  co_return out;
}

}  // namespace

std::string callback_url(const identity::Config& config) { return config.issuer() + "/callback"; }

Task<std::string> authorize_url(OAuth& oauth, const Provider& provider, const FlowState& flow, std::string scopes,
                                Pairs extras) {
  std::string url;
  if (provider.kind == Provider::Kind::github) {
    url = provider.web_base + "/login/oauth/authorize";
  } else {
    const Endpoints at = co_await oauth.discovery().endpoints(provider);
    url = at.authorize;
  }
  append(url, "response_type", "code");
  append(url, "client_id", provider.client_id);
  append(url, "redirect_uri", callback_url(oauth.identity.config));
  append(url, "scope", joined(provider.scopes, scopes));
  append(url, "state", flow.id.str());
  append(url, "code_challenge", s256(verifier_of(oauth.identity, flow)));
  append(url, "code_challenge_method", "S256");
  if (provider.kind == Provider::Kind::oidc) append(url, "nonce", nonce_of(oauth.identity, flow));
  for (const auto& [name, value] : extras) append(url, name, value);
  co_return url;
}

ProviderProfile profile_from_claims(const Provider& provider, const core::Json& claims) {
  ProviderProfile out;
  out.provider = provider.name;
  out.subject = claims["sub"].string_or("");
  out.email = claims["email"].string_or("");
  out.email_verified = !out.email.empty() && is_true(claims["email_verified"]);
  core::JsonWriter data;
  data.begin().field("iss", provider.issuer).field("sub", out.subject).field("provider_id", out.subject);
  if (!out.email.empty()) data.field("email", core::lower(out.email));
  data.field("email_verified", out.email_verified).field("phone_verified", false);
  put(data, claims, "name", {"name", "full_name"});
  put(data, claims, "picture", {"picture", "avatar_url"});
  put(data, claims, "preferred_username", {"preferred_username", "user_name"});
  put(data, claims, "locale", {"locale"});
  data.end();
  out.data = data.take();
  return out;
}

Task<ProviderProfile> fetch_profile(OAuth& oauth, const Provider& provider, const FlowState& flow, std::string code) {
  const std::string verifier = verifier_of(oauth.identity, flow);
  if (provider.kind == Provider::Kind::github)
    co_return co_await fetch_github_profile(oauth.discovery(), provider, callback_url(oauth.identity.config), code,
                                            verifier);
  const Endpoints at = co_await oauth.discovery().endpoints(provider);
  const core::Json tokens =
      co_await oauth.discovery().get_json(token_request(oauth.identity.config, provider, at, code, verifier));
  const core::Json claims = co_await verify_id_token(oauth.discovery(), provider, tokens["id_token"].string_or(""),
                                                     oauth.identity.clock.now());
  if (!core::equal_constant_time(claims["nonce"].string_or(""), nonce_of(oauth.identity, flow)))
    throw IdTokenFault("its nonce is not the one of this flow");
  ProviderProfile profile = profile_from_claims(provider, claims);
  profile.access_token = tokens["access_token"].string_or("");
  profile.refresh_token = tokens["refresh_token"].string_or("");
  if (!at_hash_fits(claims, profile.access_token)) throw IdTokenFault("it came with another access token");
  if (profile.email.empty() && !at.userinfo.empty() && !profile.access_token.empty())
    co_return co_await with_userinfo(oauth, provider, at, std::move(profile));
  co_return profile;
}

}  // namespace oauth
