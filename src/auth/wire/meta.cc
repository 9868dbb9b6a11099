#include "auth/keys/keyring.h"
#include "auth/oauth/provider.h"
#include "auth/wire/endpoints.h"
#include "core/json.h"
#include "core/problem.h"

namespace auth {

// GET /auth/v1/settings
Task<Response> settings(Auth& auth, Request&) {
  core::JsonWriter out;
  out.begin().key("external").begin();
  for (const std::string_view name :
       {"apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google", "phone"})
    if (oauth::find(auth.config.providers, name) == nullptr) out.field(name, false);
  out.field("anonymous_users", auth.config.anonymous).field("email", true);
  for (const oauth::Provider& provider : auth.config.providers) out.field(provider.name, true);
  out.end().field("disable_signup", !auth.config.signup_open).field("mailer_autoconfirm", auth.config.autoconfirm);
  out.field("phone_autoconfirm", false).field("sms_provider", "").field("saml_enabled", false);
  out.field("passkeys_enabled", false).end();
  co_return http::json(out.take());
}

// GET /auth/v1/health
Task<Response> health(Auth&, Request&) {
  co_return http::json(R"({"version":"tenon","name":"GoTrue","description":"Tenon's auth, speaking GoTrue's wire"})");
}

// GET /auth/v1/.well-known/jwks.json
Task<Response> jwks(Auth& auth, Request&) {
  co_await auth.keyring().refresh(auth);
  http::Response response = http::json(auth.keyring().keys().jwks());
  response.headers.set("Cache-Control", "public, max-age=600");
  co_return response;
}

// GET /auth/v1/.well-known/openid-configuration
Task<Response> openid_configuration(Auth& auth, Request&) {
  co_await auth.keyring().refresh(auth);
  const std::string issuer = auth.config.issuer();
  core::JsonWriter out;
  out.begin().field("issuer", issuer).field("authorization_endpoint", issuer + "/authorize");
  out.field("token_endpoint", issuer + "/token").field("userinfo_endpoint", issuer + "/user");
  out.field("jwks_uri", issuer + "/.well-known/jwks.json");
  out.key("response_types_supported").begin_array().value("code").end_array();
  out.key("subject_types_supported").begin_array().value("public").end_array();
  out.key("id_token_signing_alg_values_supported").begin_array().value(auth.keyring().keys().algorithm()).end_array();
  out.key("code_challenge_methods_supported").begin_array().value("S256").value("plain").end_array().end();
  http::Response response = http::json(out.take());
  response.headers.set("Cache-Control", "public, max-age=600");
  co_return response;
}

Task<Response> no_such_endpoint(Auth&, Request&) {
  throw core::Problem(404, "not_found", "There is no such endpoint");
  co_return http::empty();
}

}  // namespace auth
