// The rights of a service key beyond making and deleting users.
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

std::string make(AuthApp& app, const std::string& email) {
  return app
      .admin(Method::post, "/users",
             R"({"email":")" + email + R"(","password":"correct horse battery","email_confirm":true})")
      .json()["id"]
      .string_or("");
}
Answer enter(AuthApp& app, const std::string& email, const std::string& password = "correct horse battery") {
  return app.post("/token?grant_type=password", R"({"email":")" + email + R"(","password":")" + password + "\"}");
}

}  // namespace

TEST_CASE("an update merges metadata, moves the address at once, bans and unbans, and a password ends the sessions") {
  AuthApp app;
  const std::string id = make(app, "ad-a@example.com");
  const std::string access = enter(app, "ad-a@example.com").json()["access_token"].string_or("");
  const auto put = [&](const std::string& body) { return app.admin(Method::put, "/users/" + id, body); };
  put(R"({"user_metadata":{"a":1,"b":2},"app_metadata":{"plan":"pro"}})");
  const core::Json merged = put(R"({"user_metadata":{"a":null,"c":3}})").json();
  CHECK(merged["user_metadata"].dump() == R"({"b":2,"c":3})");
  CHECK(merged["app_metadata"]["plan"].string_or("") == "pro");
  CHECK(merged["app_metadata"]["provider"].string_or("") == "email");
  const int mails = app.mails("ad-a@example.com");
  CHECK(put(R"({"email":"AD-B@example.com"})").json()["email"].string_or("") == "ad-b@example.com");
  CHECK(app.mails("ad-b@example.com") == 0);
  CHECK(app.mails("ad-a@example.com") == mails);
  make(app, "ad-c@example.com");
  CHECK(put(R"({"email":"ad-c@example.com"})").code() == "email_exists");

  const Answer banned = put(R"({"ban_duration":"1h30m"})");
  CHECK(banned.json()["banned_until"].is_string());
  CHECK(enter(app, "ad-b@example.com").code() == "user_banned");
  CHECK(app.get("/user", access).code() == "user_banned");
  CHECK(put(R"({"ban_duration":"forever"})").status == 400);
  CHECK_FALSE(put(R"({"ban_duration":"none"})").json().has("banned_until"));
  CHECK(app.get("/user", access).status == 200);

  CHECK(put(R"({"password":"a password of the admin"})").status == 200);
  CHECK(app.get("/user", access).code() == "session_not_found");
  CHECK(enter(app, "ad-b@example.com", "a password of the admin").status == 200);
  CHECK(put(R"({"role":"postgres"})").status == 400);
  CHECK(app.admin(Method::put, "/users/11111111-1111-4111-8111-111111111111", "{}").code() == "user_not_found");
  CHECK(app.admin(Method::put, "/users/nonsense", "{}").status == 404);
}

TEST_CASE("a user by telephone number, a hash that was brought along, a soft deletion") {
  AuthApp app;
  const Answer phone = app.admin(Method::post, "/users", R"({"phone":"+491701234567","phone_confirm":true})");
  REQUIRE(phone.status == 200);
  CHECK(phone.json()["phone"].string_or("") == "491701234567");
  CHECK(phone.json()["email"].string_or("x") == "");
  CHECK(app.admin(Method::post, "/users", R"({"phone":"491701234567"})").code() == "phone_exists");
  CHECK(app.admin(Method::post, "/users", R"({"phone":"call me"})").code() == "validation_failed");
  CHECK(app.admin(Method::post, "/users", "{}").code() == "validation_failed");

  const std::string id = make(app, "ad-soft@example.com");
  const std::string access = enter(app, "ad-soft@example.com").json()["access_token"].string_or("");
  CHECK(app.admin(Method::del, "/users/" + id, R"({"should_soft_delete":true})").status == 200);
  CHECK(app.admin(Method::get, "/users/" + id).code() == "user_not_found");
  CHECK(app.get("/user", access).code() == "user_not_found");
  CHECK(cell("select email from auth.users where id = '" + id + "'").find("ad-soft") == std::string::npos);
  CHECK(make(app, "ad-soft@example.com") != id);
}

TEST_CASE("generate_link gives what a mail would carry, mails nothing, and each link works") {
  AuthApp app;
  make(app, "gl-a@example.com");
  const auto link = [&](const std::string& body) { return app.admin(Method::post, "/generate_link", body); };
  const int before = std::stoi(cell("select count(*) from public.email_log"));
  const Answer signup =
      link(R"({"type":"signup","email":"gl-b@example.com","password":"correct horse battery","data":{"x":1}})");
  REQUIRE(signup.status == 200);
  CHECK(signup.json()["email"].string_or("") == "gl-b@example.com");
  CHECK(signup.json()["verification_type"].string_or("") == "signup");
  CHECK(signup.json()["redirect_to"].string_or("") == "http://localhost:3000");
  const std::string action = signup.json()["action_link"].string_or("");
  CHECK(
      action.starts_with("http://localhost:3000/auth/v1/verify?token=" + signup.json()["hashed_token"].string_or("?")));
  CHECK(app.post("/verify", R"({"type":"signup","email":"gl-b@example.com","token":")" +
                                signup.json()["email_otp"].string_or("") + "\"}")
            .status == 200);
  CHECK(enter(app, "gl-b@example.com").status == 200);

  const Answer magic = link(R"({"type":"magiclink","email":"gl-a@example.com"})");
  const Answer landed = app.call(Method::get, magic.json()["action_link"].string_or("").substr(21));
  CHECK(std::string(landed.headers.get("Location")).find("#access_token=") != std::string::npos);
  const Answer fresh = link(R"({"type":"magiclink","email":"gl-c@example.com"})");
  CHECK(fresh.json()["verification_type"].string_or("") == "signup");
  const Answer recovery = link(R"({"type":"recovery","email":"gl-a@example.com"})");
  CHECK(app.post("/verify",
                 R"({"type":"recovery","token_hash":")" + recovery.json()["hashed_token"].string_or("") + "\"}")
            .status == 200);
  const Answer invited = link(R"({"type":"invite","email":"gl-d@example.com"})");
  CHECK(invited.json()["invited_at"].is_string());
  CHECK(app.post("/verify", R"({"type":"invite","token_hash":")" + invited.json()["hashed_token"].string_or("") + "\"}")
            .status == 200);

  const std::string change = R"(","email":"gl-a@example.com","new_email":"gl-e@example.com"})";
  const Answer current = link(R"({"type":"email_change_current)" + change);
  const Answer next = link(R"({"type":"email_change_new)" + change);
  const auto verify_email = [&](const Answer& answer) {
    return app.post("/verify",
                    R"({"type":"email_change","token_hash":")" + answer.json()["hashed_token"].string_or("") + "\"}");
  };
  CHECK(verify_email(current).json()["code"].string_or("") == "200");
  CHECK(verify_email(next).json()["user"]["email"].string_or("") == "gl-e@example.com");

  CHECK(link(R"({"type":"recovery","email":"nobody-at-all@example.com"})").code() == "user_not_found");
  CHECK(link(R"({"type":"signup","email":"gl-b@example.com","password":"correct horse battery"})").code() ==
        "email_exists");
  CHECK(link(R"({"type":"fax","email":"gl-b@example.com"})").code() == "validation_failed");
  CHECK(app.call(Method::post, "/auth/v1/admin/generate_link", app.api_headers(app.anon, ""),
                 R"({"type":"recovery","email":"gl-b@example.com"})")
            .code() == "not_admin");
  CHECK(std::stoi(cell("select count(*) from public.email_log where kind not in ('welcome')")) <= before);
}

TEST_CASE("an invitation is mailed, ends in a session without welcome credits, and is not for a confirmed address") {
  AuthApp app([](Config& config) { config.identity.welcome_credits = 5; });
  const Answer invited =
      app.call(Method::post, "/auth/v1/invite?redirect_to=http%3A%2F%2Flocalhost%3A3000%2Fteam",
               app.api_headers(app.service, ""), R"({"email":"inv-a@example.com","data":{"team":"red"}})");
  REQUIRE(invited.status == 200);
  CHECK(invited.json()["invited_at"].is_string());
  const AuthApp::Mail mail = app.mail("inv-a@example.com", "invite");
  const Answer landed = app.call(Method::get, mail.url.substr(mail.url.find("/auth/v1/")));
  CHECK(std::string(landed.headers.get("Location")).starts_with("http://localhost:3000/team#access_token="));
  CHECK(cell("select count(*) from credit_ledger l join auth.users u on u.id = l.user_id where u.email = "
             "'inv-a@example.com'") == "0");
  CHECK(app.call(Method::post, "/auth/v1/invite", app.api_headers(app.service, ""), R"({"email":"inv-a@example.com"})")
            .code() == "email_exists");
}

TEST_CASE("every event leaves its row in the audit log, and the administrator reads them newest first") {
  AuthApp app;
  app.post("/signup", R"({"email":"au-a@example.com","password":"correct horse battery"})");
  app.post("/verify", R"({"type":"signup","token_hash":")" + app.mail("au-a@example.com").token + "\"}");
  enter(app, "au-a@example.com", "not the password");
  const core::Json session = enter(app, "au-a@example.com").json();
  const Answer renewed = app.post("/token?grant_type=refresh_token",
                                  R"({"refresh_token":")" + session["refresh_token"].string_or("") + "\"}");
  const std::string access = renewed.json()["access_token"].string_or("");
  app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), R"({"data":{"a":1}})");
  app.post("/recover", R"({"email":"au-a@example.com"})");
  app.call(Method::post, "/auth/v1/logout", app.api_headers(app.anon, access));
  const std::string id = session["user"]["id"].string_or("");
  std::string seen;
  for (const auto& row : rows("select payload->>'action' from auth.audit_log_entries where payload->>'actor_id' = '" +
                              id + "' order by payload->>'action'"))
    seen += row.at(0).value_or("") + " ";
  for (const char* action : {"user_signedup", "user_confirmed", "login_refused", "login", "token_refreshed",
                             "user_modified", "user_recovery_requested", "logout"})
    CHECK_MESSAGE(seen.find(std::string(action) + " ") != std::string::npos, action);
  const Answer log = app.admin(Method::get, "/audit?per_page=5");
  CHECK(log.json().size() == 5);
  CHECK(log.json()[0]["payload"]["action"].is_string());
  CHECK(app.get("/admin/audit", access).status == 403);
}
