#include <doctest/doctest.h>

#include "core/crypto.h"
#include "core/problem.h"
#include "oauth/id_token.h"
#include "oauth/provider.h"

namespace {

core::Env env(std::map<std::string, std::string> values) { return core::Env(std::move(values)); }

}  // namespace

TEST_CASE("a provider is there when it has a client id, and not before") {
  core::Env none = env({});
  CHECK(oauth::providers_from(none).empty());
  core::Env some = env({{"AUTH_GOOGLE_CLIENT_ID", "g"},
                        {"AUTH_GITHUB_CLIENT_ID", "h"},
                        {"AUTH_GITHUB_URL", "https://git.example.com/"},
                        {"AUTH_OIDC", "acme, my-idp"},
                        {"AUTH_OIDC_ACME_ISSUER", "https://id.acme.example/realm"},
                        {"AUTH_OIDC_ACME_CLIENT_ID", "a"},
                        {"AUTH_OIDC_MY_IDP_ISSUER", "http://localhost:4000"},
                        {"AUTH_OIDC_MY_IDP_CLIENT_ID", "m"},
                        {"AUTH_OIDC_MY_IDP_LABEL", "My company"}});
  const auto providers = oauth::providers_from(some);
  CHECK(some.faults().empty());
  REQUIRE(providers.size() == 4);
  CHECK(oauth::find(providers, "google")->issuer == "https://accounts.google.com");
  CHECK(oauth::find(providers, "github")->web_base == "https://git.example.com");
  CHECK(oauth::find(providers, "acme")->scopes == "openid email profile");
  CHECK(oauth::find(providers, "my-idp")->label == "My company");
  CHECK(oauth::find(providers, "nobody") == nullptr);
}

TEST_CASE("production speaks to providers by https alone, and odd names and gaps are told") {
  for (const std::map<std::string, std::string>& values :
       {std::map<std::string, std::string>{{"TENON_ENV", "production"},
                                           {"AUTH_OIDC", "acme"},
                                           {"AUTH_OIDC_ACME_ISSUER", "http://id.example"},
                                           {"AUTH_OIDC_ACME_CLIENT_ID", "a"}},
        {{"AUTH_OIDC", "acme"}, {"AUTH_OIDC_ACME_ISSUER", "https://id.example"}},
        {{"AUTH_OIDC", "acme"}, {"AUTH_OIDC_ACME_CLIENT_ID", "a"}},
        {{"AUTH_OIDC", "google"}},
        {{"AUTH_OIDC", "email"}},
        {{"AUTH_OIDC", "Acme"}},
        {{"AUTH_OIDC", "a/b"}},
        {{"AUTH_GOOGLE_ISSUER", "https://evil.example/?x"}}}) {
    core::Env broken = env(values);
    const auto providers = oauth::providers_from(broken);
    CHECK(providers.empty());
    CHECK_FALSE(broken.faults().empty());
  }
}

TEST_CASE("at_hash is the left half of the access token's SHA-256") {
  // OpenID Connect Core, A.3.
  const auto claims = core::Json::parse(R"({"at_hash":"77QmUPtjPfzWtF2AnpK9RQ"})");
  REQUIRE(claims);
  CHECK(oauth::at_hash_fits(*claims, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"));
  CHECK_FALSE(oauth::at_hash_fits(*claims, "another"));
  CHECK(oauth::at_hash_fits(core::Json(), "any"));
}
