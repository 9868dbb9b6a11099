// Rotation of signing keys and opaque API keys, seen by two processes.
#include "identity/signing_keys.h"
#include "identity/jwt.h"
#include "identity/keyring.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

core::Json header_of(const std::string& token) {
  return *core::Json::parse(*core::unbase64url(core::split(token, '.')[0]));
}
std::string enter(AuthApp& app, const std::string& email) {
  return app.post("/token?grant_type=password", R"({"email":")" + email + R"(","password":"correct horse battery"})")
      .json()["access_token"]
      .string_or("");
}
void rotate(AuthApp& app) { app.loop.run_until(identity::rotate_signing_keys(app.identity())); }
void wait_for_keys(AuthApp& app) { app.clock.advance(std::chrono::seconds(11)); }

}  // namespace

TEST_CASE(
    "a rotation: the new key signs, the old one verifies until its tokens end, the next one is published before") {
  rows("delete from auth.signing_keys");
  AuthApp app;
  AuthApp other;  // another process
  const std::string hs256 = app.sign_in("sk-a@example.com")["access_token"].string_or("");
  CHECK(header_of(hs256)["alg"].string_or("") == "HS256");
  CHECK(app.get("/.well-known/jwks.json").body == R"({"keys":[]})");

  rotate(app);
  wait_for_keys(app);  // it has read the key; another process may not have
  CHECK(header_of(enter(app, "sk-a@example.com"))["alg"].string_or("") == "HS256");
  wait_for_keys(app);
  wait_for_keys(other);
  const std::string first = enter(app, "sk-a@example.com");
  CHECK(header_of(first)["alg"].string_or("") == "ES256");
  const std::string kid = header_of(first)["kid"].string_or("");
  CHECK(other.get("/user", first).status == 200);
  CHECK(other.get("/user", hs256).status == 200);
  const core::Json shown = other.get("/.well-known/jwks.json").json();
  CHECK(shown["keys"].size() == 2);  // the one that signs, and the next
  const std::string published = shown.dump();
  CHECK(published.find(kid) != std::string::npos);
  CHECK(published.find("\"d\"") == std::string::npos);

  rotate(app);
  wait_for_keys(app);
  wait_for_keys(other);
  const std::string second = enter(app, "sk-a@example.com");
  const std::string next_kid = header_of(second)["kid"].string_or("");
  CHECK(next_kid != kid);
  CHECK(published.find(next_kid) != std::string::npos);  // whoever cached the set knew it already
  CHECK(app.get("/.well-known/jwks.json").json()["keys"].size() == 3);
  CHECK(other.get("/user", first).status == 200);
  CHECK(other.get("/user", second).status == 200);
  // No row holds a private key that opens without the secret.
  CHECK(cell("select count(*) from auth.signing_keys where encode(private_enc, 'hex') like '%2a8648ce3d0301%'") == "0");

  // A key that does not open signs nothing, and no retired one does it instead: its tokens would end with it.
  rows("update auth.signing_keys set private_enc = '\\x00' where state = 'current'");
  wait_for_keys(app);
  CHECK(header_of(enter(app, "sk-a@example.com"))["alg"].string_or("") == "HS256");

  // When every token of the retired key has ended, so has the key.
  rows("update auth.signing_keys set retired_at = retired_at - interval '2 hours' where state = 'previous'");
  wait_for_keys(other);
  CHECK(other.get("/user", first).code() == "bad_jwt");
  CHECK(other.get("/user", second).status == 200);
  rows("delete from auth.signing_keys");
}

TEST_CASE("an opaque key stands for its role, in apikey and as bearer, until it is revoked; only its hash is kept") {
  AuthApp app;
  const std::string publishable =
      app.loop.run_until(identity::create_api_key(app.identity(), identity::ApiKeyKind::publishable, "the web site"));
  const std::string secret =
      app.loop.run_until(identity::create_api_key(app.identity(), identity::ApiKeyKind::secret, "the back office"));
  CHECK(publishable.starts_with("sb_publishable_"));
  CHECK(secret.starts_with("sb_secret_"));
  wait_for_keys(app);
  const auto list = [&](const std::string& key) {
    return app.call(Method::get, "/auth/v1/admin/users", app.api_headers(key, ""));
  };
  CHECK(list(secret).status == 200);
  CHECK(list(publishable).status == 403);
  CHECK(app.call(Method::get, "/auth/v1/settings", app.api_headers(publishable, "")).status == 200);
  // With a person's bearer the bearer decides.
  const std::string access = app.sign_in("ok-a@example.com")["access_token"].string_or("");
  CHECK(app.call(Method::get, "/auth/v1/user", app.api_headers(publishable, access)).status == 200);
  CHECK(app.call(Method::get, "/auth/v1/admin/users", app.api_headers(secret, access)).status == 403);
  CHECK(list(secret + "x").status == 401);
  CHECK(list("sb_secret_").status == 401);
  CHECK(cell("select count(*) from auth.api_keys k where to_jsonb(k)::text like '%" + secret.substr(18) + "%'") == "0");
  const auto keys = app.loop.run_until(identity::api_keys(app.identity()));
  CHECK(keys.size() >= 2);
  CHECK(app.loop.run_until(identity::revoke_api_key(app.identity(), keys.front().id)));
  CHECK_FALSE(app.loop.run_until(identity::revoke_api_key(app.identity(), keys.front().id)));
  wait_for_keys(app);
  CHECK(list(keys.front().kind == "secret" ? secret : publishable).status == 401);
}

TEST_CASE("public keys of another issuer count when the configuration names them") {
  static const core::EcKey theirs = core::EcKey::generate();
  AuthApp app(
      [](Config& config) { config.identity.trusted_keys.push_back({"hosted", "ES256", theirs.x(), theirs.y()}); });
  const core::Json session = app.sign_in("tk-a@example.com");
  const std::string access = session["access_token"].string_or("");
  const std::string claims = *core::unbase64url(core::split(access, '.')[1]);
  identity::jwt::KeySet signer("another project's secret, long enough");
  signer.sign_with("hosted", theirs);
  CHECK(app.get("/user", identity::jwt::sign(claims, signer)).status == 200);
  signer.sign_with("hosted", core::EcKey::generate());
  CHECK(app.get("/user", identity::jwt::sign(claims, signer)).code() == "bad_jwt");
}
