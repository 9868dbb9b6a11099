// Rare cases of the API: odd tokens, a banned user's link, a product's trigger that refuses.
#include "identity/jwt.h"
#include "oauth/linking.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

std::string token_for(AuthApp& app, const std::string& claims) {
  return identity::jwt::sign(R"({"role":"authenticated","aud":"authenticated","exp":)" +
                                 std::to_string(core::unix_seconds(app.clock.now()) + 600) + claims + "}",
                             std::string_view("the secret of the tests, long enough"));
}

// A trigger of the product's own on auth.users, while the object lives.
struct Trigger {
  explicit Trigger(const std::string& timing) {
    rows(
        "create or replace function public.refuse_raiser() returns trigger language plpgsql as $$ begin "
        "if new.email like 'raise-%' then raise exception 'no'; end if; return null; end $$");
    rows("create constraint trigger refuse_raiser after insert on auth.users " + timing +
         " for each row execute function public.refuse_raiser()");
  }
  ~Trigger() {
    rows("drop trigger refuse_raiser on auth.users");
    rows("drop function public.refuse_raiser()");
  }
};

struct Link {
  AuthApp* app;
  core::UserId user;
  oauth::ProviderProfile person;
};
core::Task<> join_identity(pg::Tx& tx, Link& what) {
  return oauth::link_identity(what.app->identity(), tx, what.user, what.person, {});
}

}  // namespace

TEST_CASE("a token without session is judged by its user alone, and one whose subject is no UUID is 400") {
  AuthApp app;
  const std::string id = app.sign_in("ed-a@example.com")["user"]["id"].string_or("");
  const Answer user = app.get("/user", token_for(app, R"(,"sub":")" + id + "\""));
  CHECK(user.status == 200);
  CHECK(user.json()["email"].string_or("") == "ed-a@example.com");
  const Answer odd = app.get("/user", token_for(app, R"(,"sub":"not-a-uuid")"));
  CHECK(odd.status == 400);
  CHECK(odd.code() == "bad_jwt");
  const Answer gone = app.get("/user", token_for(app, R"(,"sub":"11111111-1111-4111-8111-111111111111")"));
  CHECK(gone.status == 403);
  CHECK(gone.code() == "user_not_found");
}

TEST_CASE("a mail's link brings no banned user in, and is still good when the ban is over") {
  AuthApp app;
  const std::string id = app.sign_in("ed-b@example.com")["user"]["id"].string_or("");
  app.post("/otp?redirect_to=http%3A%2F%2Flocalhost%3A3000%2Fx", R"({"email":"ed-b@example.com"})");
  const std::string url = app.mail("ed-b@example.com", "magic_link").url;
  const auto follow = [&] {
    return std::string(app.call(Method::get, url.substr(url.find("/auth/v1/"))).headers.get("Location"));
  };
  app.admin(Method::put, "/users/" + id, R"({"ban_duration":"1h"})");
  CHECK(follow().find("#error=access_denied") != std::string::npos);
  CHECK(cell("select count(*) from auth.sessions where user_id = '" + id + "'") == "1");
  app.admin(Method::put, "/users/" + id, R"({"ban_duration":"none"})");
  CHECK(follow().find("#access_token=") != std::string::npos);
}

TEST_CASE("a trigger of the product that raises, at once or at commit, ends the sign-up and keeps nothing of it") {
  AuthApp app;
  for (const char* timing : {"not deferrable", "deferrable initially deferred"}) {
    CAPTURE(timing);
    const Trigger trigger(timing);
    const Answer refused = app.post("/signup", R"({"email":"raise-a@example.com","password":"correct horse battery"})");
    CHECK(refused.status == 500);
    CHECK(refused.code() == "unexpected_failure");
    CHECK(refused.json()["message"].string_or("") == "Database error saving new user");
    const Answer made = app.admin(Method::post, "/users", R"({"email":"raise-b@example.com"})");
    CHECK(made.status == 500);
    CHECK(made.code() == "unexpected_failure");
    CHECK(cell("select count(*) from auth.users where email like 'raise-%'") == "0");
    CHECK(app.mails("raise-a@example.com") == 0);
  }
  CHECK(app.post("/signup", R"({"email":"raise-a@example.com","password":"correct horse battery"})").status == 200);
}

TEST_CASE("the OpenID document names the wire's own addresses") {
  AuthApp app;
  const Answer answer = app.call(Method::get, "/auth/v1/.well-known/openid-configuration");
  CHECK(answer.status == 200);
  const std::string issuer = "http://localhost:3000/auth/v1";
  CHECK(answer.json()["issuer"].string_or("") == issuer);
  CHECK(answer.json()["authorization_endpoint"].string_or("") == issuer + "/authorize");
  CHECK(answer.json()["token_endpoint"].string_or("") == issuer + "/token");
  CHECK(answer.json()["userinfo_endpoint"].string_or("") == issuer + "/user");
  CHECK(answer.json()["jwks_uri"].string_or("") == issuer + "/.well-known/jwks.json");
  CHECK(answer.json()["response_types_supported"].dump() == R"(["code"])");
  CHECK(answer.json()["code_challenge_methods_supported"].dump() == R"(["S256","plain"])");
  CHECK(std::string(answer.headers.get("Cache-Control")) == "public, max-age=600");
}

TEST_CASE("the pages of a filtered list keep the filter") {
  AuthApp app;
  for (const char* name : {"a", "b", "c"})
    app.admin(Method::post, "/users", std::string(R"({"email":"ed+list-)") + name + R"(@example.com"})");
  const Answer page = app.admin(Method::get, "/users?per_page=2&filter=ed%2Blist-");
  CHECK(page.json()["users"].size() == 2);
  CHECK(std::string(page.headers.get("X-Total-Count")) == "3");
  const std::string link(page.headers.get("Link"));
  CHECK(link ==
        "<http://localhost:3000/auth/v1/admin/users?page=2&per_page=2&filter=ed%2Blist->; rel=\"next\", "
        "<http://localhost:3000/auth/v1/admin/users?page=2&per_page=2&filter=ed%2Blist->; rel=\"last\"");
  const Answer next = app.admin(Method::get, link.substr(link.find("/users"), link.find('>') - link.find("/users")));
  CHECK(next.json()["users"].size() == 1);
}

TEST_CASE("a signed-in user is sent to a provider to link an identity, by switch only") {
  AuthApp off([](Config& config) { config.oauth.providers.push_back(github()); });
  const core::Json session = off.sign_in("ed-c@example.com");
  const std::string access = session["access_token"].string_or("");
  const std::string path = "/user/identities/authorize?provider=github&redirect_to=http%3A%2F%2Flocalhost%3A3000%2Fme";
  CHECK(off.get(path, access).code() == "manual_linking_disabled");
  AuthApp app([](Config& config) {
    config.oauth.providers.push_back(github());
    config.auth_api.manual_linking = true;
  });
  CHECK(app.get(path).code() == "bad_jwt");  // the key alone is nobody
  CHECK(app.get("/user/identities/authorize?provider=fax", access).code() == "validation_failed");
  const Answer told = app.get(path + "&skip_http_redirect=true", access);
  REQUIRE(told.status == 200);
  const std::string url = told.json()["url"].string_or("");
  CHECK(url.starts_with("https://github.example/"));
  CHECK(url.find("skip_http_redirect") == std::string::npos);
  const auto at = url.find("state=") + 6;
  const std::string flow = "from auth.flow_state where id = '" + url.substr(at, 36) + "'";
  const std::string id = session["user"]["id"].string_or("");
  CHECK(cell("select linking_target_id " + flow) == id);
  CHECK(cell("select referrer " + flow) == "http://localhost:3000/me");
  const Answer sent = app.get(path, access);
  CHECK(sent.status == 302);
  CHECK(std::string(sent.headers.get("Location")).starts_with("https://github.example/"));

  Link what{&app, *core::UserId::parse(id), {"github", "gh-77", "", false, R"({"sub":"gh-77"})", "", ""}};
  app.loop.run_until(app.db().in(pg::as_service("a test"), join_identity, what));
  CHECK(app.get("/user", access).json()["identities"].size() == 2);
  const auto refused = [&](const char* subject) -> std::string {
    what.person.subject = subject;
    try {
      app.loop.run_until(app.db().in(pg::as_service("a test"), join_identity, what));
    } catch (const core::Problem& problem) {
      return problem.code;
    }
    return "";
  };
  CHECK(refused("gh-77") == "identity_already_exists");
  app.admin(Method::put, "/users/" + id, R"({"ban_duration":"1h"})");
  CHECK(refused("gh-78") == "user_banned");
  app.admin(Method::del, "/users/" + id);
  CHECK(refused("gh-78") == "user_not_found");
}
