// A stranger's preparations on somebody's address, and the links in an old mailbox, open nothing later.
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

Answer invite(AuthApp& app, const std::string& body) {
  return app.call(Method::post, "/auth/v1/invite", app.api_headers(app.service, ""), body);
}
Answer accept(AuthApp& app, const std::string& address) {
  return app.post("/verify", R"({"type":"invite","token_hash":")" + app.mail(address, "invite").token + "\"}");
}
Answer by_hash(AuthApp& app, const std::string& type, const std::string& token) {
  return app.post("/verify", R"({"type":")" + type + R"(","token_hash":")" + token + "\"}");
}

}  // namespace

TEST_CASE("an invitation confirms neither the password nor the data of a stranger who signed the address up before") {
  AuthApp app;
  const char* mallory = R"({"email":"to-a@example.com","password":"mallorys own password","data":{"name":"Mallory"}})";
  REQUIRE(app.post("/signup", mallory).status == 200);
  REQUIRE(invite(app, R"({"email":"to-a@example.com","data":{"team":"red"}})").status == 200);
  const Answer in = accept(app, "to-a@example.com");
  REQUIRE(in.status == 200);
  CHECK(in.body.find("Mallory") == std::string::npos);
  CHECK(in.json()["user"]["user_metadata"]["team"].string_or("") == "red");
  CHECK(app.post("/token?grant_type=password", mallory).code() == "invalid_credentials");
}

TEST_CASE("an administrator's sign-up link leaves nothing of a stranger's sign-up") {
  AuthApp app;
  app.post("/signup", R"({"email":"to-b@example.com","password":"mallorys own password","data":{"name":"Mallory"}})");
  const Answer link = app.admin(
      Method::post, "/generate_link",
      R"({"type":"signup","email":"to-b@example.com","password":"correct horse battery","data":{"team":"red"}})");
  const Answer in = by_hash(app, "signup", link.json()["hashed_token"].string_or(""));
  REQUIRE(in.status == 200);
  CHECK(in.body.find("Mallory") == std::string::npos);
  CHECK(in.json()["user"]["user_metadata"]["team"].string_or("") == "red");
}

TEST_CASE("a password set by recovery leaves nothing of a stranger's sign-up") {
  AuthApp app;
  app.post("/signup", R"({"email":"to-c@example.com","password":"mallorys own password","data":{"name":"Mallory"}})");
  app.post("/recover", R"({"email":"to-c@example.com"})");
  Browser browser(app);
  const AuthApp::Mail mail = app.mail("to-c@example.com", "recovery");
  browser.get(mail.url.substr(mail.url.find("/reset")));
  CHECK(browser.post("/reset/password", {{"token_hash", mail.token}, {"password", "the owners own pass"}}).status ==
        303);
  CHECK(cell("select raw_user_meta_data::text from auth.users where email = 'to-c@example.com'").find("Mallory") ==
        std::string::npos);
}

TEST_CASE("nobody spoils an invitation: what is asked for an invited address changes neither its data nor its link") {
  AuthApp app;
  REQUIRE(invite(app, R"({"email":"to-d@example.com","data":{"team":"red"}})").status == 200);
  const char* mallory = R"({"email":"to-d@example.com","password":"mallorys own password","data":{"name":"Mallory"}})";
  const Answer signed_up = app.post("/signup", mallory);
  CHECK(signed_up.status == 200);
  CHECK(signed_up.body.find("red") == std::string::npos);
  CHECK(app.post("/resend", R"({"type":"signup","email":"to-d@example.com"})").status == 200);
  CHECK(app.mails("to-d@example.com") == 1);
  const Answer in = accept(app, "to-d@example.com");
  REQUIRE(in.status == 200);
  CHECK(in.json()["user"]["user_metadata"]["team"].string_or("") == "red");
  CHECK(app.post("/token?grant_type=password", mallory).code() == "invalid_credentials");

  // A link that a stranger asked for is the owner's too, and leaves the data as well.
  REQUIRE(invite(app, R"({"email":"to-e@example.com","data":{"team":"red"}})").status == 200);
  app.post("/otp", R"({"email":"to-e@example.com"})");
  const Answer magic = by_hash(app, "magiclink", app.mail("to-e@example.com", "magic_link").token);
  REQUIRE(magic.status == 200);
  CHECK(magic.json()["user"]["user_metadata"]["team"].string_or("") == "red");
}

TEST_CASE("what was mailed to an old address is worth nothing once the address has changed") {
  AuthApp app;
  const core::Json session = app.sign_in("to-f@example.com");
  const std::string path = "/users/" + session["user"]["id"].string_or("");
  const auto ask = [&](const std::string& address) {
    app.post("/recover", R"({"email":")" + address + "\"}");
    return app.mail(address, "recovery");
  };
  const AuthApp::Mail first = ask("to-f@example.com");
  REQUIRE(app.admin(Method::put, path, R"({"email":"to-g@example.com"})").status == 200);
  CHECK(cell("select count(*) from auth.one_time_tokens where user_id = '" + session["user"]["id"].string_or("") +
             "'") == "0");
  CHECK(by_hash(app, "recovery", first.token).code() == "otp_expired");

  // By whatever way it changed: the address that the mail went to is held against the user's.
  const AuthApp::Mail second = ask("to-g@example.com");
  rows("update auth.users set email = 'to-h@example.com' where email = 'to-g@example.com'");
  CHECK(by_hash(app, "recovery", second.token).code() == "otp_expired");
  CHECK(
      app.post("/verify", R"({"type":"recovery","email":"to-g@example.com","token":")" + second.code + "\"}").code() ==
      "otp_expired");
  Browser browser(app);
  CHECK(browser.get(second.url.substr(second.url.find("/reset"))).status == 410);
  CHECK(browser.post("/reset/password", {{"token_hash", second.token}, {"password", "mallorys own password"}}).status !=
        303);

  // A change that still waited does not take the administrator's address away again.
  const std::string access = session["access_token"].string_or("");
  REQUIRE(
      app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), R"({"email":"to-mallory@example.com"})")
          .status == 200);
  REQUIRE(app.admin(Method::put, path, R"({"email":"to-i@example.com"})").status == 200);
  CHECK(app.post("/resend", R"({"type":"email_change","email":"to-i@example.com"})").status == 200);
  CHECK(app.mails("to-i@example.com") == 0);

  AuthApp open([](Config& config) { config.identity.autoconfirm = true; });
  const core::Json own = open.sign_in("to-j@example.com");
  open.post("/recover", R"({"email":"to-j@example.com"})");
  REQUIRE(open.call(Method::put, "/auth/v1/user", open.api_headers(open.anon, own["access_token"].string_or("")),
                    R"({"email":"to-k@example.com"})")
              .json()["email"]
              .string_or("") == "to-k@example.com");
  CHECK(cell("select count(*) from auth.one_time_tokens where user_id = '" + own["user"]["id"].string_or("") + "'") ==
        "0");
}
