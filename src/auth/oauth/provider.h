// Who else may vouch for a person: any OpenID Connect provider, Google being one with its issuer known beforehand, and
// GitHub, which speaks OAuth 2 and tells of the person through its own API.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"

namespace auth::oauth {

struct Provider {
  enum class Kind { oidc, github };
  std::string name;   // of the wire's `provider`, and of auth.identities.provider
  std::string label;  // what people read on the button
  Kind kind = Kind::oidc;
  std::string issuer;  // of OIDC: where discovery begins, and what tokens must say
  std::string client_id;
  core::Secret client_secret;  // empty: a public client, with PKCE alone
  std::string scopes;
  std::string web_base;  // of GitHub: where people sign in
  std::string api_base;  // of GitHub: where /user is
};

// AUTH_GOOGLE_*, AUTH_GITHUB_* and, for each name of AUTH_OIDC, AUTH_OIDC_<NAME>_*. A provider without a client id is
// not there. Faults: a name that cannot be one, a missing issuer, plain http in production.
std::vector<Provider> providers_from(core::Env& env);

const Provider* find(const std::vector<Provider>& providers, std::string_view name);

}  // namespace auth::oauth
