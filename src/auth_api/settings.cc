#include "auth_api/endpoints.h"
#include "core/json.h"

namespace auth_api {

// GET /auth/v1/settings
Task<Response> settings(AuthApi& api, Request&) {
  const identity::Config& config = api.identity.config;
  core::JsonWriter out;
  out.begin().key("external").begin();
  for (const std::string_view name :
       {"apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google", "phone"})
    if (oauth::find(api.oauth.config.providers, name) == nullptr) out.field(name, false);
  out.field("anonymous_users", config.anonymous).field("email", true);
  for (const oauth::Provider& provider : api.oauth.config.providers) out.field(provider.name, true);
  out.end().field("disable_signup", !config.signup_open).field("mailer_autoconfirm", config.autoconfirm);
  out.field("phone_autoconfirm", false).field("sms_provider", "").field("saml_enabled", false);
  out.field("passkeys_enabled", false).end();
  co_return http::json(out.take());
}

}  // namespace auth_api
