// The pages, as a browser without JavaScript uses them.
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

bool has(const Answer& answer, std::string_view part) { return answer.body.find(part) != std::string::npos; }
std::string path_of(const std::string& url) { return url.substr(std::string("http://localhost:3000").size()); }

void add_app(AuthApp& app) {
  app.router.get("/app", http::Access::user, [](http::Request& rq) -> core::Task<http::Response> {
    co_return http::text("hello " + rq.caller.email);
  });
  app.router.post("/app/rename", http::Access::user,
                  [](http::Request&) -> core::Task<http::Response> { co_return http::text("renamed"); });
}

}  // namespace

TEST_CASE("sign up, confirm with the mail's link, land signed in where one wanted to go, sign out") {
  AuthApp app;
  add_app(app);
  Browser browser(app);
  const Answer wall = browser.get("/app?tab=jobs");
  CHECK(wall.status == 303);
  CHECK(wall.headers.get("Location") == "/login?next=/app%3Ftab%3Djobs");
  CHECK(has(browser.get("/login?next=/app%3Ftab%3Djobs"), "href=\"/signup?next=/app%3Ftab%3Djobs\""));
  CHECK(browser.get("/signup?next=/app%3Ftab%3Djobs").status == 200);
  const Answer sent = browser.post(
      "/signup", {{"email", "Una@example.com"}, {"password", "correct horse battery"}, {"next", "/app?tab=jobs"}});
  REQUIRE(sent.status == 303);
  CHECK(sent.headers.get("Location") == "/signup?sent=yes");
  CHECK(has(browser.get("/signup?sent=yes"), "Una@example.com"));
  CHECK_FALSE(browser.has_session());

  Browser other(app);  // a mail is often opened elsewhere
  const std::string link = path_of(app.mail("una@example.com").url);
  CHECK(has(other.get(link), "Confirm and sign in"));
  CHECK(has(other.get(link), "Confirm and sign in"));  // GET changes nothing
  const AuthApp::Mail mail = app.mail("una@example.com");
  const Answer done =
      other.post("/verify", {{"token_hash", mail.token}, {"type", "signup"}, {"next", "/app?tab=jobs"}});
  CHECK(done.status == 303);
  CHECK(done.headers.get("Location") == "/app?tab=jobs");
  CHECK(other.has_session());
  CHECK(other.get("/app?tab=jobs").body == "hello una@example.com");
  CHECK(other.get("/login").headers.get("Location") == "/app");
  CHECK(other.get(link).headers.get("Location") == "/app?tab=jobs");  // clicked twice

  const auto stolen = other.cookies;
  other.get("/verify");
  const Answer left = other.post("/logout", {});
  CHECK(left.status == 303);
  CHECK_FALSE(other.has_session());
  CHECK(other.get("/app").status == 303);
  other.cookies = stolen;  // the session ended on the server, not only in the browser
  CHECK(other.get("/app").status == 303);
  CHECK_FALSE(other.has_session());
}

TEST_CASE("wrong password and unknown address read the same, keep the address, and never the password") {
  AuthApp app;
  app.sign_in("vera@example.com");
  Browser browser(app);
  browser.get("/login");
  const Answer wrong = browser.post("/login", {{"email", "vera@example.com"}, {"password", "wrong & <b>horse</b>"}});
  const Answer unknown =
      browser.post("/login", {{"email", "nobody@example.com"}, {"password", "wrong & <b>horse</b>"}});
  CHECK(wrong.status == 400);
  CHECK(unknown.status == 400);
  CHECK(has(wrong, "value=\"vera@example.com\""));
  CHECK(has(wrong, "Incorrect email or password"));
  CHECK_FALSE(has(wrong, "horse"));
  std::string same = unknown.body;
  for (auto at = same.find("nobody@"); at != std::string::npos; at = same.find("nobody@")) same.replace(at, 7, "vera@");
  CHECK(same == wrong.body);
  const Answer right = browser.post(
      "/login", {{"email", "VERA@example.com"}, {"password", "correct horse battery"}, {"next", "//evil.example"}});
  CHECK(right.status == 303);
  CHECK(right.headers.get("Location") == "/app");
}

TEST_CASE("each refusal of the sign-up form has its own sentence beside its field") {
  AuthApp app;
  Browser browser(app);
  browser.get("/signup");
  CHECK(has(browser.post("/signup", {{"email", "w@example.com"}, {"password", "short"}}), "at least 8 characters"));
  CHECK(has(browser.post("/signup", {{"email", "w@example.com"}, {"password", "password1"}}), "too common"));
  CHECK(has(browser.post("/signup", {{"email", "w@example.com"}, {"password", std::string(73, 'w')}}), "at most 72"));
  CHECK(has(browser.post("/signup", {{"email", "w at example"}, {"password", "correct horse battery"}}),
            "a complete email address"));
  CHECK(has(browser.post("/signup", {{"email", "\"><script>"}, {"password", "x"}}), "&quot;&gt;&lt;script&gt;"));
}

TEST_CASE("an unconfirmed address is told so at sign-in, and can have the mail again") {
  AuthApp app;
  Browser browser(app);
  browser.get("/signup");
  browser.post("/signup", {{"email", "xena@example.com"}, {"password", "correct horse battery"}});
  CHECK(has(browser.post("/login", {{"email", "xena@example.com"}, {"password", "correct horse battery"}}),
            "Send the email again"));
  CHECK(app.mails("xena@example.com") == 1);
  CHECK(browser.post("/signup/resend", {{"email", "xena@example.com"}}).status == 303);
  CHECK(app.mails("xena@example.com") == 2);
  const Answer done =
      browser.post("/verify", {{"email", "xena@example.com"}, {"code", app.mail("xena@example.com").code}});
  CHECK(done.status == 303);
  CHECK(browser.has_session());
}

TEST_CASE("a forgotten password: mail, new password, every other session over") {
  AuthApp app;
  const std::string elsewhere = app.sign_in("yara@example.com")["access_token"].string_or("");
  Browser browser(app);
  browser.get("/reset");
  CHECK(browser.post("/reset", {{"email", "yara@example.com"}}).headers.get("Location") == "/reset?sent=yes");
  const AuthApp::Mail mail = app.mail("yara@example.com", "recovery");
  CHECK(has(browser.get(path_of(mail.url)), "Choose a new password"));
  CHECK(has(browser.post("/reset/password", {{"token_hash", mail.token}, {"password", "short"}}),
            "at least 8 characters"));
  const Answer done =
      browser.post("/reset/password", {{"token_hash", mail.token}, {"password", "another horse battery"}});
  CHECK(done.status == 303);
  CHECK(browser.has_session());
  CHECK(app.get("/user", elsewhere).code() == "session_not_found");
  CHECK(has(browser.post("/reset/password", {{"token_hash", mail.token}, {"password", "third horse battery"}}),
            "already been used"));
  CHECK(browser.get(path_of(mail.url)).status == 410);
}

TEST_CASE("a cookie whose access token is about to end is renewed on the way, and the page's form stays good") {
  AuthApp app;
  add_app(app);
  app.sign_in("zoe@example.com");
  Browser browser(app);
  browser.get("/login");
  browser.post("/login", {{"email", "zoe@example.com"}, {"password", "correct horse battery"}});
  browser.get("/verify");
  const auto before = browser.cookies;
  CHECK(browser.get("/app").status == 200);
  CHECK(browser.cookies == before);
  app.clock.advance(std::chrono::seconds(3600 - 59));
  CHECK(browser.post("/app/rename", {}).body == "renamed");
  CHECK(browser.cookies != before);
  app.clock.advance(std::chrono::hours(100));
  CHECK(browser.get("/app").status == 200);
  browser.cookies = before;  // its refresh token was rotated twice and long ago
  CHECK(browser.get("/app").status == 303);
  CHECK_FALSE(browser.has_session());
}

TEST_CASE("the session's cookie of a large profile travels in chunks") {
  AuthApp app;
  add_app(app);
  app.admin(
      Method::post, "/users",
      R"({"email":"big@example.com","password":"correct horse battery","email_confirm":true,"user_metadata":{"bio":")" +
          std::string(2500, 'b') + "\"}}");
  Browser browser(app);
  browser.get("/login");
  browser.post("/login", {{"email", "big@example.com"}, {"password", "correct horse battery"}});
  CHECK(browser.cookies.contains("sb-localhost-auth-token.2"));
  CHECK_FALSE(browser.cookies.contains("sb-localhost-auth-token"));
  CHECK(browser.get("/app").body == "hello big@example.com");
}
