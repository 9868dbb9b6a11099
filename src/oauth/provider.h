// External identity providers: any OpenID Connect provider (Google is one whose issuer is known), and GitHub, which is
// plain OAuth 2 with an API for the user's profile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"

namespace oauth {

struct Provider {
  enum class Kind { oidc, github };
  std::string name;   // the API's `provider`, and auth.identities.provider
  std::string label;  // shown on the button
  Kind kind = Kind::oidc;
  std::string issuer;  // OIDC: where discovery begins, and the `iss` of its tokens
  std::string client_id;
  core::Secret client_secret;  // empty: a public client that relies on PKCE alone
  std::string scopes;
  std::string web_base;  // GitHub: where users sign in
  std::string api_base;  // GitHub: where /user is
};

// AUTH_GOOGLE_*, AUTH_GITHUB_* and, for each name of AUTH_OIDC, AUTH_OIDC_<NAME>_*. A provider without a client id is
// not offered. Faults: an invalid name, a missing issuer, plain http in production.
std::vector<Provider> providers_from(core::Env& env);

const Provider* find(const std::vector<Provider>& providers, std::string_view name);

}  // namespace oauth
