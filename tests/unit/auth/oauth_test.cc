#include <doctest/doctest.h>

#include "auth/oauth/back.h"
#include "auth/oauth/id_token.h"
#include "auth/oauth/pkce.h"
#include "auth/oauth/provider.h"
#include "core/crypto.h"
#include "core/problem.h"

using namespace auth;

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

TEST_CASE("an error goes into query and fragment, beside what the target has") {
  CHECK(
      oauth::with_error("https://a.example/x?sb_flow_id=7#old", core::Problem(403, "user_banned", "User is banned")) ==
      "https://a.example/x?sb_flow_id=7&error=access_denied&error_code=user_banned&error_description=User%20is%20banned"
      "#error=access_denied&error_code=user_banned&error_description=User%20is%20banned&sb=");
  CHECK(oauth::with_query("https://a.example/", {{"code", "c&d"}}) == "https://a.example/?code=c%26d");
  CHECK(oauth::with_query("https://a.example/?", {{"code", "c"}}) == "https://a.example/?code=c");
}

TEST_CASE("at_hash is the left half of the access token's SHA-256") {
  // OpenID Connect Core, A.3.
  const auto claims = core::Json::parse(R"({"at_hash":"77QmUPtjPfzWtF2AnpK9RQ"})");
  REQUIRE(claims);
  CHECK(oauth::at_hash_fits(*claims, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"));
  CHECK_FALSE(oauth::at_hash_fits(*claims, "another"));
  CHECK(oauth::at_hash_fits(core::Json(), "any"));
}

TEST_CASE("a verifier answers its challenge (RFC 7636 B) and no other") {
  const Challenge challenge = challenge_of("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256");
  CHECK(answers(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
  CHECK_FALSE(answers(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
  CHECK_FALSE(answers(challenge, ""));
  CHECK_FALSE(answers({}, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
  CHECK(challenge_of("", "").value.empty());
  for (const auto& [value, method] : {std::pair{"short", "s256"},
                                      {"", "s256"},
                                      {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", ""},
                                      {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S512"},
                                      {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256"}})
    CHECK_THROWS_AS(challenge_of(value, method), core::Problem);
}
