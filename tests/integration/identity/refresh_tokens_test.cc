// Refresh tokens: rotation, the lost answer, many tabs at once, and theft.
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

Answer refresh(AuthApp& app, const std::string& token) {
  return app.post("/token?grant_type=refresh_token", R"({"refresh_token":")" + token + "\"}");
}
std::string token_of(const core::Json& session) { return session["refresh_token"].string_or(""); }
std::string access_of(const core::Json& session) { return session["access_token"].string_or(""); }

}  // namespace

TEST_CASE("each refresh gives a new token in the same session, and only hashes are stored") {
  AuthApp app;
  const core::Json first = app.sign_in("a1@example.com");
  const Answer answer = refresh(app, token_of(first));
  REQUIRE(answer.status == 200);
  const core::Json second = answer.json();
  CHECK(token_of(second) != token_of(first));
  CHECK(app.get("/user", access_of(second)).status == 200);
  CHECK(cell("select count(*) from auth.refresh_tokens where token in ('" + token_of(first) + "', '" +
             token_of(second) + "')") == "0");
  const std::string session(answer.headers.get("sb-auth-session-id"));
  CHECK(cell("select count(*) from auth.refresh_tokens where session_id = '" + session + "' and not revoked") == "1");
  CHECK(cell("select count(*) from auth.refresh_tokens where session_id = '" + session + "'") == "2");
}

TEST_CASE("a client that lost the answer gets the same active token again, at any time") {
  AuthApp app;
  const core::Json first = app.sign_in("a2@example.com");
  const core::Json second = refresh(app, token_of(first)).json();
  app.clock.advance(std::chrono::hours(5));
  const Answer again = refresh(app, token_of(first));
  REQUIRE(again.status == 200);
  CHECK(token_of(again.json()) == token_of(second));
  CHECK(refresh(app, token_of(second)).status == 200);
}

TEST_CASE("an older token converges within ten seconds, and afterwards ends the session for good") {
  AuthApp app;
  const core::Json first = app.sign_in("a3@example.com");
  const core::Json second = refresh(app, token_of(first)).json();
  const core::Json third = refresh(app, token_of(second)).json();
  app.clock.advance(std::chrono::seconds(9));
  CHECK(token_of(refresh(app, token_of(first)).json()) == token_of(third));
  app.clock.advance(std::chrono::seconds(2));
  const Answer stolen = refresh(app, token_of(first));
  CHECK(stolen.status == 400);
  CHECK(stolen.code() == "refresh_token_already_used");
  const Answer owner = refresh(app, token_of(third));
  CHECK(owner.status == 400);
  CHECK(owner.code() == "refresh_token_already_used");
  CHECK(app.get("/user", access_of(third)).code() == "session_not_found");
  CHECK(cell("select count(*) from auth.refresh_tokens r join auth.users u on u.id = r.user_id::uuid "
             "where u.email = 'a3@example.com' and not r.revoked") == "0");
}

TEST_CASE("forty refreshes with one token at once all succeed with one and the same new token") {
  AuthApp app;
  const core::Json first = app.sign_in("a4@example.com");
  const auto storm = [](AuthApp& h, std::string token) -> core::Task<std::map<std::string, int>> {
    core::TaskGroup group(h.loop);
    std::map<std::string, int> seen;
    const auto one = [](AuthApp& hh, const std::string& t, std::map<std::string, int>& out) -> core::Task<> {
      const Answer answer = co_await hh.send(Method::post, "/auth/v1/token?grant_type=refresh_token",
                                             hh.api_headers(hh.anon, ""), R"({"refresh_token":")" + t + "\"}");
      ++out[answer.status == 200 ? token_of(answer.json()) : answer.body];
    };
    for (int i = 0; i < 40; ++i) group.spawn("refresh", one(h, token, seen));
    co_await group.join();
    co_return seen;
  };
  const auto seen = app.loop.run_until(storm(app, token_of(first)));
  REQUIRE(seen.size() == 1);
  CHECK(seen.begin()->second == 40);
  CHECK(seen.begin()->first.size() == 43);
}

TEST_CASE("sign-out, a ban and the user's deletion end the refresh token") {
  AuthApp app;
  const core::Json gone = app.sign_in("a5@example.com");
  app.call(Method::post, "/auth/v1/logout", app.api_headers(app.anon, access_of(gone)));
  CHECK(refresh(app, token_of(gone)).code() == "refresh_token_not_found");
  const core::Json banned = app.sign_in("a6@example.com");
  cell("update auth.users set banned_until = now() + interval '1 day' where email = 'a6@example.com' returning 1");
  CHECK(refresh(app, token_of(banned)).code() == "user_banned");
  CHECK(app.get("/user", access_of(banned)).code() == "user_banned");
  const core::Json timed = app.sign_in("a7@example.com");
  cell(
      "update auth.sessions s set not_after = now() - interval '1 minute' from auth.users u where u.id = s.user_id "
      "and u.email = 'a7@example.com' returning 1");
  CHECK(refresh(app, token_of(timed)).code() == "session_expired");
}

TEST_CASE("a classic token that was imported from Supabase is good once and then rotated into a hashed one") {
  AuthApp app;
  const core::Json session = app.sign_in("a8@example.com");
  cell(
      "update auth.refresh_tokens r set token = 'abc123def456' from auth.users u where u.id = r.user_id::uuid "
      "and u.email = 'a8@example.com' returning 1");
  const Answer answer = refresh(app, "abc123def456");
  REQUIRE(answer.status == 200);
  CHECK(token_of(answer.json()).size() == 43);
  CHECK(token_of(refresh(app, "abc123def456").json()) == token_of(answer.json()));
}

TEST_CASE("logout scope others leaves the caller's session alone") {
  AuthApp app;
  const core::Json one = app.sign_in("a9@example.com");
  const core::Json two = app.sign_in("a9@example.com");
  CHECK(app.call(Method::post, "/auth/v1/logout?scope=others", app.api_headers(app.anon, access_of(two))).status ==
        204);
  CHECK(app.get("/user", access_of(two)).status == 200);
  CHECK(app.get("/user", access_of(one)).code() == "session_not_found");
  CHECK(app.call(Method::post, "/auth/v1/logout?scope=all", app.api_headers(app.anon, access_of(two))).status == 400);
}
