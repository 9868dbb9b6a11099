// The second step on the pages: until it is shown, the session opens none of them.
#include "identity/recovery_codes.h"
#include "identity/totp.h"
#include "support/auth_app.h"

using namespace auth_test;

namespace {

bool has(const Answer& answer, std::string_view part) { return answer.body.find(part) != std::string::npos; }

std::string between(const std::string& text, std::string_view before, std::string_view after) {
  const auto at = text.find(before);
  if (at == std::string::npos) return {};
  const auto from = at + before.size();
  return text.substr(from, text.find(after, from) - from);
}

void add_app(AuthApp& app) {
  app.router.get("/app", http::Access::user, [](http::Request& rq) -> core::Task<http::Response> {
    co_return http::text("hello " + rq.caller.email);
  });
  app.router.post("/app/rename", http::Access::user,
                  [](http::Request&) -> core::Task<http::Response> { co_return http::text("renamed"); });
  app.router.get("/api/me", http::Access::user,
                 [](http::Request&) -> core::Task<http::Response> { co_return http::json("{}"); });
}

void sign_in(AuthApp& app, Browser& browser, const std::string& address) {
  browser.cookies.clear();
  browser.get("/login");
  const Answer answer = browser.post("/login", {{"email", address}, {"password", "correct horse battery"}});
  REQUIRE(answer.status == 303);
  static_cast<void>(app);
}

std::string code_of(AuthApp& app, const std::string& key, int steps = 0) {
  std::string plain;
  for (const char c : key)
    if (c != ' ') plain += c;
  return identity::totp::code(*identity::totp::unbase32(plain), core::unix_seconds(app.clock.now()) / 30 + steps);
}

struct Enrolled {
  std::string key;
  std::vector<std::string> codes;
};
Enrolled enrol(AuthApp& app, Browser& browser) {
  browser.get("/app/settings/security");
  const Answer page = browser.post("/app/settings/security/factors", {{"name", "Phone"}});
  REQUIRE(page.status == 200);
  CHECK(has(page, "data:image/svg+xml;base64,"));
  Enrolled out;
  out.key = between(page.body, "<code class=\"code\">", "</code>");
  const std::string factor = between(page.body, "name=\"factor\" value=\"", "\"");
  const Answer wrong = browser.post("/app/settings/security/factors/confirm", {{"factor", factor}, {"code", "000000"}});
  CHECK(wrong.status == 422);
  CHECK_FALSE(has(wrong, out.key));  // the key is shown once
  const Answer done =
      browser.post("/app/settings/security/factors/confirm", {{"factor", factor}, {"code", code_of(app, out.key)}});
  REQUIRE(done.status == 200);
  for (auto at = done.body.find("<li><code"); at != std::string::npos; at = done.body.find("<li><code", at + 1))
    out.codes.push_back(between(done.body.substr(at), "<code class=\"code\">", "</code>"));
  CHECK(out.codes.size() == 10);
  return out;
}

std::string factor_in(const Answer& page) { return between(page.body, "name=\"factor\" value=\"", "\""); }

}  // namespace

TEST_CASE("a right password alone opens no page and no API of one who has a second factor") {
  AuthApp app;
  add_app(app);
  app.sign_in("sam@example.com");
  Browser browser(app);
  sign_in(app, browser, "sam@example.com");
  const Enrolled made = enrol(app, browser);
  CHECK(browser.get("/app").body == "hello sam@example.com");  // this session has shown it

  Browser thief(app);
  sign_in(app, thief, "sam@example.com");
  CHECK(thief.get("/app").headers.get("Location") == "/login?next=/app");
  CHECK(thief.get("/login?next=/app").headers.get("Location") == "/login/code?next=/app");
  CHECK(thief.get("/api/me").status == 401);
  thief.get("/login/code");
  CHECK(thief.post("/app/rename", {}).status == 303);
  CHECK(thief.post("/app/settings/security/sessions/end-others", {}).status == 303);
  CHECK(browser.get("/app").status == 200);
  CHECK(thief.get("/app/settings/security").status == 303);
  const Answer answer =
      app.post("/token?grant_type=password", R"({"email":"sam@example.com","password":"correct horse battery"})");
  const std::string bearer = answer.json()["access_token"].string_or("");
  CHECK(app.call(http::Method::get, "/api/me", {{"Authorization", "Bearer " + bearer}}).status == 401);

  const Answer page = thief.get("/login/code?next=/app");
  CHECK(has(page, "autocomplete=\"one-time-code\""));
  const Answer wrong = thief.post("/login/code", {{"factor", factor_in(page)}, {"code", "123"}, {"next", "/app"}});
  CHECK(wrong.status == 422);
  CHECK(thief.get("/app").status == 303);
  app.clock.advance(std::chrono::seconds(30));
  const Answer right =
      thief.post("/login/code", {{"factor", factor_in(page)}, {"code", code_of(app, made.key)}, {"next", "/app"}});
  CHECK(right.headers.get("Location") == "/app");
  CHECK(thief.get("/app").body == "hello sam@example.com");
}

TEST_CASE("a recovery code stands in for the factor, once, as it is typed; new ones end the old") {
  AuthApp app;
  add_app(app);
  app.sign_in("sue@example.com");
  Browser browser(app);
  sign_in(app, browser, "sue@example.com");
  const Enrolled made = enrol(app, browser);
  CHECK(cell("select string_agg(encode(code_hash, 'escape'), '') from tenon.recovery_codes").find(made.codes[0]) ==
        std::string::npos);

  Browser other(app);
  sign_in(app, other, "sue@example.com");
  CHECK(has(other.get("/login/code?with=recovery"), "recovery_code"));
  std::string typed;
  for (const char c : made.codes[0])
    if (c != '-') typed += static_cast<char>(std::toupper(c));
  CHECK(other.post("/login/code", {{"recovery_code", typed}}).headers.get("Location") == "/app");
  CHECK(other.get("/app").status == 200);
  sign_in(app, other, "sue@example.com");
  other.get("/login/code?with=recovery");
  CHECK(other.post("/login/code", {{"recovery_code", made.codes[0]}}).status == 422);

  other.get("/login/code?with=recovery");
  CHECK(other.post("/login/code", {{"recovery_code", made.codes[1]}}).status == 303);
  other.get("/app/settings/security");
  CHECK(has(other.post("/app/settings/security/recovery-codes", {}), "<li><code"));
  sign_in(app, other, "sue@example.com");
  other.get("/login/code?with=recovery");
  CHECK(other.post("/login/code", {{"recovery_code", made.codes[2]}}).status == 422);
}

TEST_CASE("recovery codes are for the pages alone, and only for a session that showed its factor") {
  AuthApp app;
  const core::Json session = app.sign_in("syd@example.com");
  CHECK(app.get("/factors/recovery-codes", session["access_token"].string_or("")).status == 404);
  const identity::Bearer who{*core::UserId::parse(session["user"]["id"].string_or("")), std::nullopt};
  CHECK_THROWS_AS(app.loop.run_until(identity::renew_recovery_codes(app.identity(), who, {})), core::Problem);
}

TEST_CASE("a session that is over is told so, and the way it wanted to go is kept") {
  AuthApp app;
  add_app(app);
  app.sign_in("sid@example.com");
  Browser browser(app);
  sign_in(app, browser, "sid@example.com");
  CHECK(browser.get("/app").status == 200);
  rows("delete from auth.sessions where user_id = (select id from auth.users where email = 'sid@example.com')");
  const Answer wall = browser.get("/app?tab=jobs");
  CHECK(wall.headers.get("Location") == "/login?next=/app%3Ftab%3Djobs&notice=access.session_ended");
  CHECK(has(browser.get("/login?next=/app&notice=access.session_ended"), "Your session ended"));
  CHECK(browser.get("/app").headers.get("Location") == "/login?next=/app");
}

TEST_CASE("address and password are changed with the current password only") {
  AuthApp app;
  app.sign_in("sol@example.com");
  Browser browser(app);
  sign_in(app, browser, "sol@example.com");
  browser.get("/app/settings/security");
  const Pairs wrong{{"email", "sol@new.example"}, {"current_password", "wrong"}};
  CHECK(has(browser.post("/app/settings/security/email", wrong), "not your current password"));
  CHECK(app.mails("sol@new.example") == 0);
  const Pairs right{{"email", "sol@new.example"}, {"current_password", "correct horse battery"}};
  CHECK(browser.post("/app/settings/security/email", right).status == 303);
  CHECK(app.mails("sol@new.example") == 1);
  CHECK(has(browser.get("/app/settings/security"), "The change to sol@new.example is waiting"));
  CHECK(has(browser.post("/app/settings/security/password",
                         {{"password", "another horse battery"}, {"current_password", "wrong"}}),
            "not your current password"));
  CHECK(has(browser.post("/app/settings/security/password",
                         {{"password", "short"}, {"current_password", "correct horse battery"}}),
            "at least 8 characters"));
  CHECK(browser
            .post("/app/settings/security/password",
                  {{"password", "another horse battery"}, {"current_password", "correct horse battery"}})
            .status == 303);
  CHECK(app.post("/token?grant_type=password", R"({"email":"sol@example.com","password":"another horse battery"})")
            .status == 200);
}

TEST_CASE("a link by mail: an unknown address is answered as a known one, and the link tells used from too old") {
  AuthApp app;
  app.sign_in("ste@example.com");
  Browser browser(app);
  browser.get("/login/link");
  const Answer known = browser.post("/login/link", {{"email", "ste@example.com"}, {"next", "/app"}});
  const Answer unknown = browser.post("/login/link", {{"email", "nobody-at-all@example.com"}, {"next", "/app"}});
  CHECK(known.status == 303);
  CHECK(unknown.status == 303);
  CHECK(known.headers.get("Location") == unknown.headers.get("Location"));
  CHECK(app.mails("nobody-at-all@example.com") == 0);
  const AuthApp::Mail mail = app.mail("ste@example.com", "magic_link");
  const std::string path = "/verify?token_hash=" + mail.token + "&type=magiclink";
  CHECK(has(browser.get(path), "One click and you are signed in"));
  const Answer done = browser.post("/verify", {{"type", "magiclink"}, {"token_hash", mail.token}, {"next", "/app"}});
  CHECK(done.headers.get("Location") == "/app");
  Browser other(app);
  CHECK(has(other.get(path), "already been used"));
  browser.get("/login/link");
  Browser third(app);
  third.get("/login/link");
  third.post("/login/link", {{"email", "ste@example.com"}});
  const AuthApp::Mail late = app.mail("ste@example.com", "magic_link");
  app.clock.advance(std::chrono::hours(2));
  const Answer old = third.get("/verify?token_hash=" + late.token + "&type=magiclink");
  CHECK(old.status == 410);
  CHECK(has(old, "has expired"));
}
