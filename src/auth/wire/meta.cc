#include <fmt/format.h>

#include "auth/wire/endpoints.h"
#include "core/problem.h"

namespace auth {

// GET /auth/v1/settings
Task<Response> settings(Auth& auth, Request&) {
  co_return http::json(fmt::format(
      R"({{"external":{{"anonymous_users":false,"apple":false,"azure":false,"bitbucket":false,"discord":false,)"
      R"("email":true,"facebook":false,"github":false,"gitlab":false,"google":false,"phone":false}},)"
      R"("disable_signup":{},"mailer_autoconfirm":{},"phone_autoconfirm":false,"sms_provider":"",)"
      R"("saml_enabled":false,"passkeys_enabled":false}})",
      !auth.config.signup_open, auth.config.autoconfirm));
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
