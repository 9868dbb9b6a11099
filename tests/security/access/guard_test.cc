// Forged, expired and misused tokens on every kind of route, and state changes that another site asks for.
#include <array>

#include "access/csrf.h"
#include "access/session_cookie.h"
#include "identity/jwt.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Access;
using http::Method;

namespace {

constexpr const char* kSecret = "the secret of the tests, long enough";

core::Task<http::Response> say(http::Request& rq) { co_return http::text("in as " + rq.caller.role); }

void add_routes(AuthApp& app) {
  for (const auto& [name, who] : {std::pair{"user", Access::user},
                                  {"admin", Access::admin},
                                  {"internal", Access::internal},
                                  {"visitor", Access::visitor}}) {
    app.router.get(std::string("/api/") + name, who, say);
    app.router.post(std::string("/api/") + name, who, say);
  }
  app.router.get("/rest/v1/x", Access::api_key, say);
  app.router.get("/storage/v1/x", Access::bearer, say);
  app.router.get("/app/x", Access::user, say);
  app.router.post("/app/x", Access::user, say);
  app.router.get("/apple", Access::visitor, say);
}

// How the data routes, which accept a key as well as a session, treat the token.
enum class Open : std::uint8_t { refuses, sees_a_visitor, sees_the_user };
struct Forged {
  const char* what;
  std::string token;
  Open open = Open::refuses;
};
std::vector<Forged> forgeries(AuthApp& app, const std::string& good) {
  const auto parts = core::split(good, '.');
  const std::string payload = *core::unbase64url(parts[1]);
  const core::Json claims = *core::Json::parse(payload);
  const std::string sub = claims["sub"].string_or("");
  const std::int64_t now = core::unix_seconds(app.clock.now());
  const auto made = [&](const std::string& text) { return identity::jwt::sign(text, kSecret); };
  const std::string later = std::to_string(now + 600);
  return {
      {"another secret", identity::jwt::sign(payload, "another secret of the same length")},
      {"alg none", core::base64url(R"({"alg":"none"})") + "." + std::string(parts[1]) + "."},
      {"payload changed", std::string(parts[0]) + "." +
                              core::base64url(R"({"role":"service_role","exp":)" + later + "}") + "." +
                              std::string(parts[2])},
      {"expired", made(R"({"role":"authenticated","sub":")" + sub + R"(","exp":)" + std::to_string(now - 1) + "}"),
       Open::sees_the_user},
      {"expired for longer",
       made(R"({"role":"authenticated","sub":")" + sub + R"(","exp":)" + std::to_string(now - 31) + "}")},
      {"no exp", made(R"({"role":"authenticated","sub":")" + sub + "\"}")},
      {"role postgres", made(R"({"role":"postgres","sub":")" + sub + R"(","exp":)" + later + "}")},
      {"no role", made(R"({"sub":")" + sub + R"(","exp":)" + later + "}"), Open::sees_a_visitor},
      {"not yet",
       made(R"({"role":"authenticated","sub":")" + sub + R"(","nbf":)" + later + R"(,"exp":)" + later + "}")},
      {"a signed link", made(R"({"url":"project-outputs/x","exp":)" + later + "}"), Open::sees_a_visitor},
      {"the refresh token", core::base64url(core::random_bytes(32))},
      {"rubbish", "a.b.c"},
  };
}

std::string sub_of(const std::string& access) {
  return core::Json::parse(*core::unbase64url(core::split(access, '.')[1]))->operator[]("sub").string_or("");
}

}  // namespace

TEST_CASE("no forged or expired token passes any kind of guard") {
  AuthApp app;
  add_routes(app);
  const std::string good = app.sign_in("ga@example.com")["access_token"].string_or("");
  const auto with = [](const std::string& token) { return Pairs{{"Authorization", "Bearer " + token}}; };
  REQUIRE(app.call(Method::get, "/api/user", with(good)).body == "in as authenticated");
  for (const Forged& forged : forgeries(app, good)) {
    CAPTURE(forged.what);
    CHECK(app.call(Method::get, "/api/user", with(forged.token)).status == 401);
    CHECK(app.call(Method::get, "/api/admin", with(forged.token)).status == 401);
    CHECK(app.call(Method::get, "/api/internal", with(forged.token)).status == 401);
    CHECK(app.call(Method::get, "/app/x", with(forged.token)).status == 303);
    CHECK(app.call(Method::get, "/storage/v1/x", with(forged.token)).body == "in as anon");
    CHECK(app.caller.kind == http::Caller::Kind::nobody);
    // The data API alone (docs/spec/supabase-data-api.md 1): a token that names no role is anon's, clocks may differ by
    // 30 s.
    const Answer data =
        app.call(Method::get, "/rest/v1/x", {{"apikey", app.anon}, {"Authorization", "Bearer " + forged.token}});
    if (forged.open == Open::sees_a_visitor) CHECK(data.body == "in as anon");
    else if (forged.open == Open::sees_the_user) CHECK(data.body == "in as authenticated");
    else CHECK(data.status == 401);
    CHECK(app.call(Method::get, "/rest/v1/x", {{"apikey", forged.token}}).status == 401);
    CHECK(app.get("/user", forged.token).status == 403);
    CHECK(app.call(Method::get, "/auth/v1/admin/users",
                   {{"apikey", app.service}, {"Authorization", "Bearer " + forged.token}})
              .status == 403);
    const std::string cookie =
        "sb-localhost-auth-token=base64-" +
        core::base64url(R"({"access_token":")" + forged.token + R"(","refresh_token":"0123456789abcdef"})");
    CHECK(app.call(Method::get, "/app/x", {{"Cookie", cookie}}).status == 303);
    CHECK_FALSE(app.caller.signed_in());
  }
}

TEST_CASE("the data API says in PostgREST's words what is wrong with a token") {
  AuthApp app;
  add_routes(app);
  const std::string good = app.sign_in("gx@example.com")["access_token"].string_or("");
  const auto parts = core::split(good, '.');
  const std::string payload = *core::unbase64url(parts[1]);
  const std::string later = std::to_string(core::unix_seconds(app.clock.now()) + 600);
  const auto with_alg = [&](const std::string& alg) {
    return core::base64url(R"({"alg":")" + alg + "\"}") + "." + std::string(parts[1]) + "." + std::string(parts[2]);
  };
  const std::vector<std::array<std::string, 3>> table{
      {with_alg("none"), "PGRST301", "Wrong or unsupported encoding algorithm"},
      {with_alg("HS512"), "PGRST301", "Wrong or unsupported encoding algorithm"},
      {identity::jwt::sign(payload, "another secret of the same length"), "PGRST301",
       "No suitable key or wrong key type"},
      {"a.b", "PGRST301", "Expected 3 parts in JWT; got 2"},
      {"a.b.c", "PGRST301", "JWT cryptographic operation failed"},
      {identity::jwt::sign(R"({"role":"anon","aud":"others","exp":)" + later + "}", kSecret), "PGRST303",
       "JWT not in audience"},
      {identity::jwt::sign(R"({"role":"anon","exp":1})", kSecret), "PGRST303", "JWT expired"},
      {identity::jwt::sign(R"({"role":"anon","nbf":)" + later + R"(,"exp":)" + later + "}", kSecret), "PGRST303",
       "JWT not yet valid"},
      {identity::jwt::sign(R"({"role":"anon","iat":)" + later + R"(,"exp":)" + later + "}", kSecret), "PGRST303",
       "JWT issued at future"},
  };
  for (const auto& [token, code, message] : table) {
    const Answer answer =
        app.call(Method::get, "/rest/v1/x", {{"apikey", app.anon}, {"Authorization", "Bearer " + token}});
    CHECK(answer.status == 401);
    CHECK(answer.code() == code);
    CHECK(answer.json()["message"].string_or("") == message);
    CHECK(std::string(answer.headers.get("WWW-Authenticate")) ==
          R"(Bearer error="invalid_token", error_description=")" + message + "\"");
  }
}

TEST_CASE("the bearer decides the role, and the apikey header alone never raises it") {
  AuthApp app;
  add_routes(app);
  const std::string user = app.sign_in("gb@example.com")["access_token"].string_or("");
  const auto rest = [&](const std::string& key, const std::string& bearer) {
    Pairs headers{{"apikey", key}};
    if (!bearer.empty()) headers.emplace_back("Authorization", "Bearer " + bearer);
    return app.call(Method::get, "/rest/v1/x", headers).body;
  };
  CHECK(rest(app.anon, "") == "in as anon");
  CHECK(rest(app.service, "") == "in as anon");
  CHECK(rest(app.service, app.service) == "in as service_role");
  CHECK(rest(app.service, app.anon) == "in as anon");
  CHECK(rest(app.service, user) == "in as authenticated");
  CHECK(rest(app.anon, user) == "in as authenticated");
  CHECK(app.call(Method::get, "/rest/v1/x?apikey=" + app.anon).status == 401);
  CHECK(app.call(Method::get, "/rest/v1/x", {{"apikey", user}}).status == 401);  // a user's token is no key
  CHECK(app.call(Method::get, "/api/user", {{"Authorization", "Bearer " + app.service}}).status == 401);
  CHECK(app.call(Method::get, "/api/user", {{"Authorization", "Bearer " + app.anon}}).status == 401);
  CHECK(app.call(Method::get, "/auth/v1/admin/users", app.api_headers(app.service, user)).code() == "not_admin");
  CHECK(app.call(Method::get, "/auth/v1/admin/users", app.api_headers(app.anon, "")).code() == "not_admin");
  CHECK(app.call(Method::get, "/auth/v1/admin/users", {{"apikey", app.service}}).status == 401);
}

TEST_CASE("the internal callback takes its secret and nothing else") {
  AuthApp app;
  add_routes(app);
  const auto with = [&](const std::string& value) {
    return app.call(Method::post, "/api/internal", {{"Authorization", value}}).status;
  };
  CHECK(with("Bearer the secret of internal calls") == 401);  // a secret with spaces is no bearer token
  AuthApp other([](Config& config) { config.access.notify_secret = core::Secret("one-secret-of-internal-calls"); });
  add_routes(other);
  const auto ask = [&](const std::string& value) {
    return other.call(Method::post, "/api/internal", {{"Authorization", value}}).status;
  };
  CHECK(ask("Bearer one-secret-of-internal-calls") == 200);
  CHECK(ask("Bearer one-secret-of-internal-call") == 401);
  CHECK(ask("Bearer ") == 401);
  CHECK(ask("") == 401);
  CHECK(ask("Bearer " + other.service) == 401);
  AuthApp none([](Config& config) { config.access.notify_secret = {}; });
  add_routes(none);
  CHECK(none.call(Method::post, "/api/internal", {{"Authorization", "Bearer "}}).status == 401);
  CHECK(none.call(Method::post, "/api/internal").status == 401);
}

TEST_CASE("only who is in the list of admins passes as one") {
  AuthApp app;
  add_routes(app);
  const std::string access = app.sign_in("gc@example.com")["access_token"].string_or("");
  const Pairs headers{{"Authorization", "Bearer " + access}};
  CHECK(app.call(Method::get, "/api/admin", headers).status == 404);
  CHECK(app.call(Method::get, "/api/admin").status == 401);
  cell("insert into tenon.admins (user_id) values ('" + sub_of(access) + "') returning 1");
  CHECK(app.call(Method::get, "/api/admin", headers).status == 200);
}

TEST_CASE("signed out, pages of the app lead to the sign-in and everything else says 401") {
  AuthApp app;
  add_routes(app);
  CHECK(app.call(Method::get, "/app/x?a=1").headers.get("Location") == "/login?next=/app/x%3Fa%3D1");
  CHECK(app.call(Method::post, "/app/x").headers.get("Location") == "/login?next=/app");
  const Answer api = app.call(Method::get, "/api/user");
  CHECK(api.status == 401);
  CHECK(api.json()["error"].string_or("") == "Unauthorized");
  CHECK(app.call(Method::get, "/apple").status == 200);
}

TEST_CASE("a cookie's state change needs origin and token, each of them right") {
  AuthApp app;
  add_routes(app);
  const core::Json session = app.sign_in("gd@example.com");
  http::Request blank;
  const std::string written = access_control::session_cookies(app.access(), blank, session.dump()).front();
  const std::string cookie = written.substr(0, written.find(';'));
  const core::Json claims =
      *core::Json::parse(*core::unbase64url(core::split(session["access_token"].string_or(""), '.')[1]));
  const std::string token =
      access_control::csrf_token(app.access(), *core::SessionId::parse(claims["session_id"].string_or("")));
  const std::string foreign = access_control::csrf_token(app.access(), core::SessionId::random());
  struct Row {
    const char* origin;
    const char* site;
    std::string token;
    int status;
  };
  const Row table[] = {
      {"http://localhost:3000", "", token, 200},
      {"http://localhost:3000", "same-origin", token, 200},
      {"http://localhost:3000", "cross-site", token, 403},
      {"http://localhost:3000", "", "", 403},
      {"http://localhost:3000", "", foreign, 403},
      {"http://localhost:3000", "", token + "x", 403},
      {"http://localhost:3001", "", token, 403},
      {"https://localhost:3000", "", token, 403},
      {"https://evil.example", "", token, 403},
      {"null", "", token, 403},
      {"", "", token, 403},
  };
  for (const Row& row : table) {
    CAPTURE(row.origin);
    CAPTURE(row.site);
    CAPTURE(row.token);
    Pairs headers{{"Cookie", cookie}};
    if (*row.origin != '\0') headers.emplace_back("Origin", row.origin);
    if (*row.site != '\0') headers.emplace_back("Sec-Fetch-Site", row.site);
    if (!row.token.empty()) headers.emplace_back("X-CSRF-Token", row.token);
    CHECK(app.call(Method::post, "/api/user", headers).status == row.status);
    CHECK(app.call(Method::post, "/app/x", headers).status == row.status);
  }
  // Reading needs neither, and a bearer is no cookie.
  CHECK(app.call(Method::get, "/api/user", {{"Cookie", cookie}}).status == 200);
  CHECK(app.call(Method::post, "/api/user", {{"Authorization", "Bearer " + session["access_token"].string_or("")}})
            .status == 200);
  // A bad bearer is not rescued by a good cookie.
  CHECK(app.call(Method::get, "/api/user", {{"Cookie", cookie}, {"Authorization", "Bearer a.b.c"}}).status == 401);
}

TEST_CASE("sign-in, sign-up and sign-out are not to be had from another site") {
  AuthApp app;
  app.sign_in("ge@example.com");
  Browser browser(app);
  browser.get("/login");
  browser.origin = "https://evil.example";
  const Pairs login{{"email", "ge@example.com"}, {"password", "correct horse battery"}};
  CHECK(browser.post("/login", login).status == 403);
  browser.origin = "http://localhost:3000";
  const std::string kept = browser.csrf;
  browser.csrf = "";
  CHECK(browser.post("/login", login).status == 403);
  CHECK(browser.post("/signup", login).status == 403);
  CHECK_FALSE(browser.has_session());
  browser.csrf = kept;
  CHECK(browser.post("/login", login).status == 303);
  CHECK(browser.has_session());
  browser.origin = "https://evil.example";
  CHECK(browser.post("/logout", {}).status == 403);
  CHECK(browser.has_session());
  Browser bare(app);  // a token that fits no cookie of the sender
  bare.csrf = kept;
  CHECK(bare.post("/login", login).status == 403);
}

TEST_CASE("a session id that the server did not issue is worth nothing, and sign-in draws a new one") {
  AuthApp app;
  add_routes(app);
  const std::string access = app.sign_in("gf@example.com")["access_token"].string_or("");
  const std::string sub = sub_of(access);
  const std::string made_up = identity::jwt::sign(R"({"role":"authenticated","sub":")" + sub + R"(","session_id":")" +
                                                      core::SessionId::random().str() + R"(","exp":)" +
                                                      std::to_string(core::unix_seconds(app.clock.now()) + 600) + "}",
                                                  kSecret);
  CHECK(app.call(Method::get, "/api/user", {{"Authorization", "Bearer " + made_up}}).status == 401);
  CHECK(app.get("/user", made_up).code() == "session_not_found");
  const std::string other = app.sign_in("gg@example.com")["access_token"].string_or("");
  const core::Json theirs = *core::Json::parse(*core::unbase64url(core::split(other, '.')[1]));
  const std::string mixed = identity::jwt::sign(R"({"role":"authenticated","sub":")" + sub + R"(","session_id":")" +
                                                    theirs["session_id"].string_or("") + R"(","exp":)" +
                                                    std::to_string(core::unix_seconds(app.clock.now()) + 600) + "}",
                                                kSecret);
  CHECK(app.get("/user", mixed).code() == "session_not_found");
}
