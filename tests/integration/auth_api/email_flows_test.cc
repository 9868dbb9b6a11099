// Magic links, codes, PKCE, address changes, reauthentication, anonymous users: each by the API, with its refusals.
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

const std::string kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";  // RFC 7636 appendix B
const std::string kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

Answer put(AuthApp& app, const std::string& access, const std::string& body) {
  return app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), body);
}
std::string access_of(const Answer& answer) { return answer.json()["access_token"].string_or(""); }
Answer by_hash(AuthApp& app, const std::string& type, const std::string& token) {
  return app.post("/verify", R"({"type":")" + type + R"(","token_hash":")" + token + "\"}");
}
Answer by_code(AuthApp& app, const std::string& type, const std::string& email, const std::string& code) {
  return app.post("/verify", R"({"type":")" + type + R"(","email":")" + email + R"(","token":")" + code + "\"}");
}
std::string token_of_link(const std::string& url) {
  const auto at = url.find("token=") + 6;
  return url.substr(at, url.find('&', at) - at);
}
std::string location(const Answer& answer) { return std::string(answer.headers.get("Location")); }
std::string path_of(const std::string& url) { return url.substr(url.find("/auth/v1/")); }

}  // namespace

TEST_CASE("a one-time code brings in a known address and a new one, and refuses a new one when told to") {
  AuthApp app;
  app.sign_in("otp-a@example.com");
  CHECK(app.post("/otp", R"({"email":"otp-a@example.com","create_user":false,"code_challenge":null,)"
                         R"("code_challenge_method":null,"gotrue_meta_security":{}})")
            .body == "{}");
  const AuthApp::Mail known = app.mail("otp-a@example.com", "magic_link");
  const Answer in = by_code(app, "email", "otp-a@example.com", known.code);
  REQUIRE(in.status == 200);
  CHECK(app.get("/user", access_of(in)).status == 200);
  CHECK(by_code(app, "email", "otp-a@example.com", known.code).code() == "otp_expired");

  CHECK(app.post("/otp", R"({"email":"otp-b@example.com","data":{"plan":"pro"}})").status == 200);
  const Answer fresh = by_code(app, "email", "otp-b@example.com", app.mail("otp-b@example.com").code);
  REQUIRE(fresh.status == 200);
  CHECK(fresh.json()["user"]["user_metadata"]["plan"].string_or("") == "pro");
  CHECK(fresh.json()["user"]["email_confirmed_at"].is_string());

  const Answer unknown = app.post("/otp", R"({"email":"otp-c@example.com","create_user":false})");
  CHECK(unknown.status == 422);
  CHECK(unknown.code() == "otp_disabled");
  CHECK(app.post("/otp", R"({"email":"otp-a@example.com","phone":"1234567"})").status == 400);
  CHECK(app.post("/otp", "{}").code() == "validation_failed");
  CHECK(app.post("/magiclink", R"({"email":"otp-a@example.com"})").status == 200);

  AuthApp silent([](Config& config) { config.identity.hide_unknown = true; });
  CHECK(silent.post("/otp", R"({"email":"otp-c@example.com","create_user":false})").status == 200);
  CHECK(silent.mails("otp-c@example.com") == 0);
}

TEST_CASE("the link of a PKCE client ends in a code, which verifier and code turn into a session once") {
  AuthApp app;
  const std::string pkce = R"(,"code_challenge":")" + kChallenge + R"(","code_challenge_method":"s256"})";
  app.post("/signup", R"({"email":"pkce-a@example.com","password":"correct horse battery")" + pkce);
  const AuthApp::Mail mail = app.mail("pkce-a@example.com");
  REQUIRE(token_of_link(mail.url).starts_with("pkce_"));
  const Answer landed = app.call(Method::get, path_of(mail.url));
  CHECK(landed.status == 303);
  const std::string place = location(landed);
  CHECK(place.starts_with("http://localhost:3000?code="));
  CHECK(place.find("access_token") == std::string::npos);
  const std::string code = place.substr(place.find("code=") + 5);
  const auto exchange = [&](const std::string& auth_code, const std::string& verifier) {
    return app.post("/token?grant_type=pkce",
                    R"({"auth_code":")" + auth_code + R"(","code_verifier":")" + verifier + "\"}");
  };
  CHECK(exchange(code, "").code() == "validation_failed");
  CHECK(exchange("", kVerifier).status == 400);
  const Answer wrong = exchange(code, std::string(43, 'x'));
  CHECK(wrong.status == 400);
  CHECK(wrong.code() == "bad_code_verifier");
  const Answer unknown = exchange("11111111-1111-4111-8111-111111111111", kVerifier);
  CHECK(unknown.status == 404);
  CHECK(unknown.code() == "flow_state_not_found");
  const Answer session = exchange(code, kVerifier);
  REQUIRE(session.status == 200);
  CHECK(session.json()["user"]["email_confirmed_at"].is_string());
  CHECK(exchange(code, kVerifier).code() == "flow_state_not_found");
  // The link is used: the error is in the query as well, where a server reads it.
  const std::string again = location(app.call(Method::get, path_of(mail.url)));
  CHECK(again.find("?error=access_denied&error_code=otp_expired") != std::string::npos);
  CHECK(again.find("#error=access_denied") != std::string::npos);

  app.post("/recover?redirect_to=http%3A%2F%2Flocalhost%3A3000%2Fback%3Fa%3D1",
           R"({"email":"pkce-a@example.com")" + pkce);
  const std::string back = location(app.call(Method::get, path_of(app.mail("pkce-a@example.com", "recovery").url)));
  CHECK(back.starts_with("http://localhost:3000/back?a=1&code="));
  app.clock.advance(std::chrono::minutes(6));
  const Answer late = exchange(back.substr(back.find("code=") + 5), kVerifier);
  CHECK(late.status == 422);
  CHECK(late.code() == "flow_state_expired");

  CHECK(app.post("/recover", R"({"email":"pkce-a@example.com","code_challenge":")" + kChallenge + "\"}").status == 400);
  CHECK(
      app.post("/recover", R"({"email":"pkce-a@example.com","code_challenge":"short","code_challenge_method":"s256"})")
          .code() == "validation_failed");
}

TEST_CASE("a PKCE link that cannot end in a code is not used up") {
  AuthApp app;
  app.sign_in("pkce-b@example.com");
  const std::string pkce = R"(,"code_challenge":")" + kChallenge + R"(","code_challenge_method":"s256"})";
  app.post("/recover", R"({"email":"pkce-b@example.com")" + pkce);
  const std::string link = path_of(app.mail("pkce-b@example.com", "recovery").url);
  std::string other = link;
  other.replace(other.find("type=recovery"), 13, "type=magiclink");
  CHECK(location(app.call(Method::get, other)).find("error_code=otp_expired") != std::string::npos);
  CHECK(location(app.call(Method::get, link)).starts_with("http://localhost:3000?code="));

  // The address that it would have confirmed stays unconfirmed.
  app.post("/signup", R"({"email":"pkce-c@example.com","password":"correct horse battery")" + pkce);
  rows("delete from auth.flow_state where user_id = (select id from auth.users where email = 'pkce-c@example.com')");
  app.call(Method::get, path_of(app.mail("pkce-c@example.com").url));
  CHECK(cell("select email_confirmed_at is null from auth.users where email = 'pkce-c@example.com'") == "t");
  CHECK(app.mails("pkce-c@example.com") == 1);
}

TEST_CASE("an address changes when both the old and the new one have answered, in either order") {
  AuthApp app;
  for (const bool new_first : {true, false}) {
    const std::string old_one = new_first ? "chg-a@example.com" : "chg-b@example.com";
    const std::string new_one = "new-" + old_one;
    const std::string access = app.sign_in(old_one)["access_token"].string_or("");
    const Answer asked = put(app, access, R"({"email":")" + new_one + "\"}");
    REQUIRE(asked.status == 200);
    CHECK(asked.json()["email"].string_or("") == old_one);
    CHECK(asked.json()["new_email"].string_or("") == new_one);
    const AuthApp::Mail to_old = app.mail(old_one, "email_change");
    const AuthApp::Mail to_new = app.mail(new_one, "email_change");
    REQUIRE(to_old.token != to_new.token);
    const Answer half = by_hash(app, "email_change", new_first ? to_new.token : to_old.token);
    CHECK(half.status == 200);
    CHECK(half.json()["code"].string_or("") == "200");
    CHECK(half.json()["msg"].string_or("").starts_with("Confirmation link accepted"));
    // The same half twice is no whole.
    CHECK(by_hash(app, "email_change", new_first ? to_new.token : to_old.token).code() == "otp_expired");
    CHECK(app.get("/user", access).json()["email"].string_or("") == old_one);
    const Answer whole = new_first ? by_code(app, "email_change", old_one, to_old.code)
                                   : by_code(app, "email_change", new_one, to_new.code);
    REQUIRE(whole.status == 200);
    CHECK(whole.json()["user"]["email"].string_or("") == new_one);
    CHECK_FALSE(whole.json()["user"].has("new_email"));
    CHECK(whole.json()["user"]["identities"][0]["identity_data"]["email"].string_or("") == new_one);
    const std::string password = R"(","password":"correct horse battery"})";
    CHECK(app.post("/token?grant_type=password", R"({"email":")" + new_one + password).status == 200);
    CHECK(app.post("/token?grant_type=password", R"({"email":")" + old_one + password).status == 400);
  }
}

TEST_CASE("an address change: taken, taken meanwhile, asked again, by the new address alone when so configured") {
  AuthApp app;
  app.sign_in("chg-taken@example.com");
  const std::string access = app.sign_in("chg-c@example.com")["access_token"].string_or("");
  const Answer taken = put(app, access, R"({"email":"chg-taken@example.com"})");
  CHECK(taken.status == 422);
  CHECK(taken.code() == "email_exists");
  put(app, access, R"({"email":"chg-d@example.com"})");
  const AuthApp::Mail first = app.mail("chg-d@example.com", "email_change");
  CHECK(by_hash(app, "email_change", app.mail("chg-c@example.com", "email_change").token).status == 200);
  CHECK(app.post("/resend", R"({"type":"email_change","email":"chg-c@example.com"})").status == 200);
  // Asked again, both halves count anew.
  CHECK(by_hash(app, "email_change", first.token).code() == "otp_expired");
  const AuthApp::Mail second = app.mail("chg-d@example.com", "email_change");
  CHECK(by_hash(app, "email_change", second.token).json()["code"].string_or("") == "200");
  app.sign_in("chg-d@example.com");
  const Answer late = by_hash(app, "email_change", app.mail("chg-c@example.com", "email_change").token);
  CHECK(late.status == 422);
  CHECK(late.code() == "email_exists");
  CHECK(app.get("/user", access).json()["email"].string_or("") == "chg-c@example.com");

  AuthApp single([](Config& config) { config.identity.secure_email_change = false; });
  const std::string one = single.sign_in("chg-e@example.com")["access_token"].string_or("");
  put(single, one, R"({"email":"chg-f@example.com"})");
  CHECK(single.mails("chg-e@example.com") == 0);
  CHECK(by_hash(single, "email_change", single.mail("chg-f@example.com", "email_change").token)
            .json()["user"]["email"]
            .string_or("") == "chg-f@example.com");
}

TEST_CASE("a mailed nonce lets an old session set a new password when the configuration asks for one") {
  AuthApp app([](Config& config) { config.identity.reauthenticate = true; });
  const core::Json session = app.sign_in("re-a@example.com");
  const std::string young = session["access_token"].string_or("");
  CHECK(put(app, young, R"({"password":"a young password 1"})").status == 200);
  app.clock.advance(std::chrono::hours(25));
  const std::string old = access_of(app.post("/token?grant_type=refresh_token",
                                             R"({"refresh_token":")" + session["refresh_token"].string_or("") + "\"}"));
  const Answer needed = put(app, old, R"({"password":"an old password 2"})");
  CHECK(needed.status == 400);
  CHECK(needed.code() == "reauthentication_needed");
  CHECK(app.get("/reauthenticate", old).status == 200);
  CHECK(app.get("/reauthenticate").status == 403);
  const std::string nonce = app.mail("re-a@example.com", "reauthentication").code;
  const std::string other = nonce == "000000" ? "000001" : "000000";
  const Answer wrong = put(app, old, R"({"password":"an old password 2","nonce":")" + other + "\"}");
  CHECK(wrong.status == 422);
  CHECK(wrong.code() == "reauthentication_not_valid");
  CHECK(put(app, old, R"({"password":"an old password 2","nonce":")" + nonce + "\"}").status == 200);
  CHECK(
      app.post("/token?grant_type=password", R"({"email":"re-a@example.com","password":"an old password 2"})").status ==
      200);
  const Answer current = put(app, old, R"({"password":"yet another one","current_password":"not it at all"})");
  CHECK(current.code() == "current_password_invalid");
}

TEST_CASE("an anonymous user is one by switch only, and becomes a real one with an address") {
  AuthApp off;
  CHECK(off.post("/signup", R"({"data":{}})").code() == "anonymous_provider_disabled");
  AuthApp app([](Config& config) { config.identity.anonymous = true; });
  const Answer made = app.post("/signup", R"({"data":{"cart":3},"gotrue_meta_security":{"captcha_token":null}})");
  REQUIRE(made.status == 200);
  const std::string access = access_of(made);
  CHECK(made.json()["user"]["is_anonymous"].boolean() == true);
  CHECK(made.json()["user"]["email"].string_or("x") == "");
  CHECK(made.json()["user"]["user_metadata"]["cart"].integer() == 3);
  const core::Json claims = *core::Json::parse(*core::unbase64url(core::split(access, '.')[1]));
  CHECK(claims["is_anonymous"].boolean() == true);
  CHECK(claims["amr"][0]["method"].string_or("") == "anonymous");
  CHECK(app.get("/reauthenticate", access).status == 422);
  REQUIRE(put(app, access, R"({"email":"anon-a@example.com"})").status == 200);
  const Answer real = by_hash(app, "email_change", app.mail("anon-a@example.com", "email_change").token);
  REQUIRE(real.status == 200);
  CHECK(real.json()["user"]["is_anonymous"].boolean() == false);
  CHECK(real.json()["user"]["id"].string_or("") == made.json()["user"]["id"].string_or("?"));
  CHECK(real.json()["user"]["identities"].size() == 1);
  CHECK(real.json()["user"]["app_metadata"]["provider"].string_or("") == "email");
}

TEST_CASE("identities part only by switch, and the last one never") {
  AuthApp off;
  const core::Json a = off.sign_in("id-a@example.com");
  const std::string path = "/auth/v1/user/identities/" + a["user"]["identities"][0]["identity_id"].string_or("");
  const std::string access = a["access_token"].string_or("");
  CHECK(off.call(Method::del, path, off.api_headers(off.anon, access)).code() == "manual_linking_disabled");
  AuthApp app([](Config& config) { config.auth_api.manual_linking = true; });
  CHECK(app.call(Method::del, path, app.api_headers(app.anon, access)).code() == "single_identity_not_deletable");
  rows(
      "insert into auth.identities (provider_id, user_id, identity_data, provider, created_at) select 'gh-1', id, "
      "'{\"sub\":\"gh-1\"}', 'github', now() from auth.users where email = 'id-a@example.com'");
  CHECK(app.call(Method::del, path, app.api_headers(app.anon, access)).status == 200);
  CHECK(app.get("/user", access).json()["app_metadata"]["provider"].string_or("") == "github");
  CHECK(app.call(Method::del, path, app.api_headers(app.anon, access)).code() == "identity_not_found");
}
