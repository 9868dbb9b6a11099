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
       {"anonymous_users", "apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google", "phone"})
    if (oauth::find(auth.config.providers, name) == nullptr) out.field(name, false);
  out.field("email", true);
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

// GET /auth/v1/.well-known/jwks.json: tokens are signed with a shared secret, which is nobody's to see.
Task<Response> jwks(Auth&, Request&) {
  http::Response response = http::json(R"({"keys":[]})");
  response.headers.set("Cache-Control", "public, max-age=600");
  co_return response;
}

Task<Response> no_such_endpoint(Auth&, Request&) {
  throw core::Problem(404, "not_found", "There is no such endpoint");
  co_return http::empty();
}

}  // namespace auth
