// The audit log as a table: what was asked, and the rows that it left; and how few an attacker can make it.
#include <functional>

#include "identity/accounts.h"
#include "identity/api_keys.h"
#include "identity/signing_keys.h"
#include "oauth/linking.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

std::int64_t log_length() { return std::stoll(cell("select count(*) from auth.audit_log_entries")); }
// "action code" of what was written since there were `before` rows, in order, without a sign-in's own repetition.
std::string since(std::int64_t before) {
  std::string out;
  for (const auto& row : rows("select payload->>'action' || coalesce(' ' || (payload->'traits'->>'code'), '') "
                              "from auth.audit_log_entries order by ctid offset " +
                              std::to_string(before)))
    out += (out.empty() ? "" : ", ") + row.at(0).value_or("");
  return out;
}

constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* kPkce =
    R"(,"code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","code_challenge_method":"s256"})";

}  // namespace

TEST_CASE("each refusal and each act of the operator leaves its row, with the code that the caller got") {
  rows("truncate auth.audit_log_entries");
  AuthApp app([](Config& config) {
    config.identity.reauthenticate = true;
    oauth::Provider acme;
    acme.name = acme.label = "acme";
    acme.kind = oauth::Provider::Kind::oidc;
    acme.issuer = "http://127.0.0.1:9";
    acme.client_id = "id";
    config.oauth.providers.push_back(acme);
  });
  const core::Json session = app.sign_in("al-a@example.com");
  const std::string access = session["access_token"].string_or("");
  const std::string id = session["user"]["id"].string_or("");
  app.post("/signup", R"({"email":"al-b@example.com","password":"correct horse battery"})");
  const auto enter = [&](const std::string& email, const std::string& password) {
    app.post("/token?grant_type=password", R"({"email":")" + email + R"(","password":")" + password + "\"}");
  };
  const auto change = [&](const std::string& body) {
    app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), body);
  };
  const std::string refresh = session["refresh_token"].string_or("");
  const auto renew = [&](const std::string& token) {
    app.post("/token?grant_type=refresh_token", R"({"refresh_token":")" + token + "\"}");
  };
  std::string api_key;
  const std::vector<std::pair<std::string, std::function<void()>>> table{
      {"login_refused invalid_credentials", [&] { enter("al-a@example.com", "wrong wrong wrong"); }},
      {"login_refused invalid_credentials", [&] { enter("al-nobody@example.com", "wrong wrong wrong"); }},
      {"login_refused email_not_confirmed", [&] { enter("al-b@example.com", "correct horse battery"); }},
      {"verify_refused otp_expired", [&] { app.post("/verify", R"({"type":"signup","token_hash":"nonsense"})"); }},
      {"verify_refused otp_expired",
       [&] { app.post("/verify", R"({"type":"email","email":"al-b@example.com","token":"x"})"); }},
      {"verify_refused otp_expired",
       [&] {
         Browser browser(app);
         browser.get("/reset");
         browser.post("/reset/password", {{"token_hash", "nonsense"}, {"password", "correct horse battery"}});
       }},
      {"user_update_refused current_password_invalid",
       [&] { change(R"({"password":"another horse battery","current_password":"wrong"})"); }},
      {"user_update_refused reauthentication_not_valid",
       [&] { change(R"({"password":"another horse battery","nonce":"1"})"); }},
      {"login_refused flow_state_not_found",
       [&] {
         app.post("/token?grant_type=pkce", R"({"auth_code":"11111111-1111-4111-8111-111111111111","code_verifier":")" +
                                                std::string(kVerifier) + "\"}");
       }},
      {"token_refused refresh_token_not_found", [&] { renew("nothing that was ever issued"); }},
      {"token_refreshed", [&] { renew(refresh); }},
      {"signing_keys_rotated", [&] { app.loop.run_until(identity::rotate_signing_keys(app.identity())); }},
      {"api_key_created",
       [&] {
         api_key = app.loop.run_until(identity::create_api_key(app.identity(), identity::ApiKeyKind::secret, "audit"));
       }},
      {"api_key_revoked",
       [&] {
         const auto keys = app.loop.run_until(identity::api_keys(app.identity()));
         CHECK(app.loop.run_until(identity::revoke_api_key(app.identity(), keys.at(0).id)));
       }},
      {"user_modified", [&] { app.admin(Method::put, "/users/" + id, R"({"ban_duration":"1h"})"); }},
      {"login_refused user_banned", [&] { enter("al-a@example.com", "correct horse battery"); }},
      {"user_modified", [&] { app.admin(Method::put, "/users/" + id, R"({"ban_duration":"none"})"); }},
  };
  for (const auto& [expected, act] : table) {
    const std::int64_t before = log_length();
    act();
    CHECK(since(before) == expected);
  }
  rows("delete from auth.signing_keys");
}

TEST_CASE("a sign-in by PKCE is one login, however it began") {
  AuthApp app;
  app.sign_in("al-c@example.com");
  const std::int64_t before = log_length();
  app.post("/recover", R"({"email":"al-c@example.com")" + std::string(kPkce));
  const std::string url = app.mail("al-c@example.com", "recovery").url;
  const Answer landed = app.call(Method::get, url.substr(url.find("/auth/v1/")));
  const std::string place(landed.headers.get("Location"));
  const std::string code = place.substr(place.find("code=") + 5);
  CHECK(app.post("/token?grant_type=pkce",
                 R"({"auth_code":")" + code + R"(","code_verifier":")" + std::string(kVerifier) + "\"}")
            .status == 200);
  CHECK(since(before) == "user_recovery_requested, login");
}

TEST_CASE("an attacker fills the log with twenty rows an hour at most, and a limit that he meets is among them") {
  rows("delete from tenon.rate_buckets");
  AuthApp app([](Config& config) {
    config.identity.limits = identity::Config::Limits::enforced;
    config.identity.rates["verify"] = {60, 60.0 / 86400};
  });
  const std::int64_t before = log_length();
  for (int i = 0; i < 70; ++i) app.post("/verify", R"({"type":"signup","token_hash":"nonsense"})");
  const std::string written = since(before);
  const auto count = [&](std::string_view what) {
    int n = 0;
    for (std::size_t at = written.find(what); at != std::string::npos; at = written.find(what, at + 1)) ++n;
    return n;
  };
  CHECK(count("verify_refused otp_expired") == 20);
  CHECK(count("rate_limited verify") == 10);
  app.client_ip = "203.0.113.50";
  app.post("/verify", R"({"type":"signup","token_hash":"nonsense"})");
  CHECK(log_length() == before + 31);
  rows("delete from tenon.rate_buckets");
}
