// A second factor from enrolment to removal, by the API.
#include "identity/totp.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;
namespace totp = identity::totp;

namespace {

struct Owner {
  AuthApp* app;
  std::string access;
  std::string refresh;
  std::string factor{};
  std::string secret{};

  Answer enroll(const std::string& name = "phone") {
    Answer answer = app->post("/factors", R"({"factor_type":"totp","friendly_name":")" + name + "\"}", access);
    factor = answer.json()["id"].string_or("");
    secret = totp::unbase32(answer.json()["totp"]["secret"].string_or("")).value_or("");
    return answer;
  }
  std::string challenge() {
    const Answer answer = app->post("/factors/" + factor + "/challenge", "{}", access);
    CHECK(answer.status == 200);
    CHECK(answer.json()["type"].string_or("") == "totp");
    return answer.json()["id"].string_or("");
  }
  std::string code(int steps = 0) const {
    return totp::code(secret, core::unix_seconds(app->clock.now()) / totp::kStepSeconds + steps);
  }
  Answer verify(const std::string& challenge_id, const std::string& typed) {
    Answer answer = app->post("/factors/" + factor + "/verify",
                              R"({"challenge_id":")" + challenge_id + R"(","code":")" + typed + "\"}", access);
    if (answer.status == 200) access = answer.json()["access_token"].string_or("");
    if (answer.status == 200) refresh = answer.json()["refresh_token"].string_or("");
    return answer;
  }
};

Owner owner_of(AuthApp& app, const std::string& address) {
  const core::Json session = app.sign_in(address);
  return {&app, session["access_token"].string_or(""), session["refresh_token"].string_or("")};
}

core::Json claims_of(const std::string& access) {
  return *core::Json::parse(*core::unbase64url(core::split(access, '.')[1]));
}

}  // namespace

TEST_CASE("enrol, challenge, verify: the session is aal2, keeps its id, and the others end") {
  AuthApp app;
  Owner ada = owner_of(app, "mfa-a@example.com");
  const core::Json other = app.sign_in("mfa-a@example.com");
  const Answer enrolled = ada.enroll();
  REQUIRE(enrolled.status == 200);
  CHECK(enrolled.json()["totp"]["qr_code"].string_or("").starts_with("<svg"));
  CHECK(enrolled.json()["totp"]["uri"].string_or("").starts_with("otpauth://totp/"));
  CHECK(cell("select secret from auth.mfa_factors where id = '" + ada.factor + "'").find(totp::base32(ada.secret)) ==
        std::string::npos);
  const core::Json before = claims_of(ada.access);
  const std::string old_refresh = ada.refresh;
  const Answer verified = ada.verify(ada.challenge(), ada.code());
  REQUIRE(verified.status == 200);
  const core::Json after = claims_of(ada.access);
  CHECK(after["aal"].string_or("") == "aal2");
  CHECK(after["session_id"].string_or("") == before["session_id"].string_or("?"));
  CHECK(after["amr"].size() == 2);
  const core::Json user = app.get("/user", ada.access).json();
  CHECK(user["factors"][0]["status"].string_or("") == "verified");
  CHECK_FALSE(user["factors"][0].has("secret"));
  CHECK(app.get("/user", other["access_token"].string_or("")).code() == "session_not_found");
  // A tab that still holds the token from before is led to the same active one.
  const Answer replay = app.post("/token?grant_type=refresh_token", R"({"refresh_token":")" + old_refresh + "\"}");
  REQUIRE(replay.status == 200);
  CHECK(replay.json()["refresh_token"].string_or("") == ada.refresh);
  CHECK(claims_of(replay.json()["access_token"].string_or(""))["aal"].string_or("") == "aal2");
  const Answer renewed = app.post("/token?grant_type=refresh_token", R"({"refresh_token":")" + ada.refresh + "\"}");
  CHECK(claims_of(renewed.json()["access_token"].string_or(""))["amr"].size() == 2);
}

TEST_CASE("a code is good once, a challenge is good once and for five minutes, wrong codes run out") {
  AuthApp app;
  Owner ada = owner_of(app, "mfa-b@example.com");
  ada.enroll();
  const std::string challenge = ada.challenge();
  CHECK(ada.verify(challenge, "000000").code() == "mfa_verification_failed");
  CHECK(ada.verify(challenge, ada.code(-3)).code() == "mfa_verification_failed");
  REQUIRE(ada.verify(challenge, ada.code()).status == 200);
  CHECK(ada.verify(challenge, ada.code(1)).code() == "mfa_challenge_expired");
  CHECK(ada.verify(ada.challenge(), ada.code()).code() == "mfa_verification_failed");  // the code was used
  const std::string late = ada.challenge();
  app.clock.advance(std::chrono::seconds(301));
  CHECK(ada.verify(late, ada.code()).code() == "mfa_challenge_expired");
  CHECK(ada.verify("11111111-1111-4111-8111-111111111111", ada.code()).status == 422);
  for (int i = 0; i < 12; ++i) ada.verify(ada.challenge(), "000000");
  CHECK(ada.verify(ada.challenge(), ada.code()).code() == "mfa_verification_failed");  // no guesses left
}

TEST_CASE("of twenty calls with one right code at once exactly one gets through") {
  AuthApp app;
  Owner ada = owner_of(app, "mfa-c@example.com");
  ada.enroll();
  std::vector<std::string> challenges;
  for (int i = 0; i < 9; ++i) challenges.push_back(ada.challenge());
  const std::string code = ada.code();
  int good = 0;
  core::TaskGroup group(app.loop);
  struct Once {
    static core::Task<> run(AuthApp& h, std::string path, std::string access, std::string body, int& count) {
      const Answer answer = co_await h.send(Method::post, path, h.api_headers(h.anon, access), body);
      if (answer.status == 200) ++count;
    }
  };
  for (const std::string& challenge : challenges)
    group.spawn("verify", Once::run(app, "/auth/v1/factors/" + ada.factor + "/verify", ada.access,
                                    R"({"challenge_id":")" + challenge + R"(","code":")" + code + "\"}", good));
  app.loop.run_until(group.join());
  CHECK(good == 1);
}

TEST_CASE("whoever has a second factor shows it before password, address or factors change") {
  AuthApp app;
  Owner ada = owner_of(app, "mfa-d@example.com");
  ada.enroll();
  ada.verify(ada.challenge(), ada.code());
  const core::Json lower = app.sign_in("mfa-d@example.com");
  const std::string aal1 = lower["access_token"].string_or("");
  const auto put = [&](const std::string& body, const std::string& access) {
    return app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), body);
  };
  const Answer password = put(R"({"password":"another good password"})", aal1);
  CHECK(password.status == 401);
  CHECK(password.code() == "insufficient_aal");
  CHECK(put(R"({"email":"mfa-d2@example.com"})", aal1).code() == "insufficient_aal");
  CHECK(put(R"({"data":{"a":1}})", aal1).status == 200);
  CHECK(app.post("/factors", R"({"factor_type":"totp","friendly_name":"second"})", aal1).code() == "insufficient_aal");
  const auto drop = [&](const std::string& access) {
    return app.call(Method::del, "/auth/v1/factors/" + ada.factor, app.api_headers(app.anon, access));
  };
  const Answer refused = drop(aal1);
  CHECK(refused.status == 422);
  CHECK(refused.code() == "insufficient_aal");
  const Answer dropped = drop(ada.access);
  CHECK(dropped.status == 200);
  CHECK(dropped.json()["id"].string_or("") == ada.factor);
  const Answer renewed = app.post("/token?grant_type=refresh_token", R"({"refresh_token":")" + ada.refresh + "\"}");
  CHECK(claims_of(renewed.json()["access_token"].string_or(""))["aal"].string_or("") == "aal1");
  CHECK(put(R"({"password":"another good password"})", renewed.json()["access_token"].string_or("")).status == 200);
}

TEST_CASE("each refusal of the factor endpoints has its status and code") {
  AuthApp app;
  Owner ada = owner_of(app, "mfa-e@example.com");
  Owner bob = owner_of(app, "mfa-f@example.com");
  CHECK(app.post("/factors", R"({"factor_type":"totp"})").status == 403);
  CHECK(app.post("/factors", R"({"factor_type":"fax"})", ada.access).status == 400);
  CHECK(app.post("/factors", R"({"factor_type":"phone","phone":"+491701234567"})", ada.access).code() ==
        "mfa_phone_enroll_not_enabled");
  REQUIRE(ada.enroll("phone").status == 200);
  const std::string first = ada.factor;
  CHECK(ada.enroll("phone").code() == "mfa_factor_name_conflict");
  ada.factor = first;
  // Another's factor is no factor.
  CHECK(app.post("/factors/" + first + "/challenge", "{}", bob.access).code() == "mfa_factor_not_found");
  CHECK(app.post("/factors/" + first + "/challenge", "{}", bob.access).status == 404);
  CHECK(app.call(Method::del, "/auth/v1/factors/" + first, app.api_headers(app.anon, bob.access)).status == 404);
  for (int i = 0; i < 9; ++i) CHECK(ada.enroll("more " + std::to_string(i)).status == 200);
  CHECK(ada.enroll("the eleventh").code() == "too_many_enrolled_mfa_factors");
  CHECK(app.get("/factors/recovery-codes", ada.access).status == 404);
  // The administrator's list and removal.
  const std::string id = claims_of(ada.access)["sub"].string_or("");
  CHECK(app.admin(Method::get, "/users/" + id + "/factors").json().size() == 10);
  CHECK(app.admin(Method::del, "/users/" + id + "/factors/" + first).status == 200);
  CHECK(app.admin(Method::del, "/users/" + id + "/factors/" + first).status == 404);
}

TEST_CASE("a factor whose secret came with a dump, in plain base32, still verifies") {
  AuthApp app;
  Owner ada = owner_of(app, "mfa-g@example.com");
  ada.factor = "22222222-2222-4222-8222-222222222222";
  ada.secret = "12345678901234567890";
  rows(
      "insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret) "
      "select '" +
      ada.factor + "', id, 'old', 'totp', 'verified', now(), now(), '" + totp::base32(ada.secret) +
      "' from auth.users where email = 'mfa-g@example.com'");
  CHECK(ada.verify(ada.challenge(), ada.code()).status == 200);
}

TEST_CASE("the recovery codes' calls of the newest client are not there: 404, whatever the body") {
  AuthApp app;
  const std::string access = app.sign_in("mfa-rc@example.com")["access_token"].string_or("");
  const auto call = [&](Method method, const std::string& path) {
    return app.call(method, "/auth/v1/factors/recovery-codes" + path, app.api_headers(app.anon, access), "{}").status;
  };
  CHECK(call(Method::get, "") == 404);
  CHECK(call(Method::post, "") == 404);
  CHECK(call(Method::del, "") == 404);
  CHECK(call(Method::post, "/verify") == 404);
  CHECK(call(Method::post, "/regenerate") == 404);
}
