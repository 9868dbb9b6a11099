#include "auth_api/endpoints.h"
#include "core/json.h"
#include "identity/keyring.h"

namespace auth_api {

// GET /auth/v1/.well-known/jwks.json
Task<Response> jwks(AuthApi& api, Request&) {
  co_await api.identity.keyring().refresh(api.identity);
  http::Response response = http::json(api.identity.keyring().keys().jwks());
  response.headers.set("Cache-Control", "public, max-age=600");
  co_return response;
}

// GET /auth/v1/.well-known/openid-configuration
Task<Response> openid_configuration(AuthApi& api, Request&) {
  co_await api.identity.keyring().refresh(api.identity);
  const std::string issuer = api.identity.config.issuer();
  core::JsonWriter out;
  out.begin().field("issuer", issuer).field("authorization_endpoint", issuer + "/authorize");
  out.field("token_endpoint", issuer + "/token").field("userinfo_endpoint", issuer + "/user");
  out.field("jwks_uri", issuer + "/.well-known/jwks.json");
  out.key("response_types_supported").begin_array().value("code").end_array();
  out.key("subject_types_supported").begin_array().value("public").end_array();
  out.key("id_token_signing_alg_values_supported")
      .begin_array()
      .value(api.identity.keyring().keys().algorithm())
      .end_array();
  out.key("code_challenge_methods_supported").begin_array().value("S256").value("plain").end_array().end();
  http::Response response = http::json(out.take());
  response.headers.set("Cache-Control", "public, max-age=600");
  co_return response;
}

}  // namespace auth_api
