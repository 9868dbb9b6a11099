// The API /auth/v1 from sign-up to deletion.
#include "identity/passwords.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

TEST_CASE("sign-up, confirmation, sign-in and sign-out by the wire") {
  AuthApp app;
  const Answer made = app.post("/signup", R"({"email":"Ada@Example.com","password":"correct horse battery",
    "data":{"name":"Ada"},
    "code_challenge":null,"code_challenge_method":null,"gotrue_meta_security":{},
    "role":"service_role","email_confirm":true})");
  REQUIRE(made.status == 200);
  const core::Json user = made.json();
  CHECK(user["email"].string_or("") == "ada@example.com");
  CHECK(user["role"].string_or("") == "authenticated");
  CHECK(user["aud"].string_or("") == "authenticated");
  CHECK(user["phone"].string_or("x") == "");
  CHECK_FALSE(user.has("access_token"));
  CHECK_FALSE(user.has("email_confirmed_at"));
  CHECK(user["user_metadata"]["name"].string_or("") == "Ada");
  CHECK(user["app_metadata"]["providers"][0].string_or("") == "email");
  CHECK(user["identities"][0]["identity_data"]["sub"].string_or("") == user["id"].string_or("?"));
  CHECK(user["created_at"].string_or("").ends_with("Z"));
  CHECK(made.body.find("$argon2") == std::string::npos);

  const std::string body = R"({"email":"ada@example.com","password":"correct horse battery"})";
  CHECK(app.post("/token?grant_type=password", body).code() == "email_not_confirmed");

  const AuthApp::Mail mail = app.mail("ada@example.com");
  CHECK(mail.url == "http://localhost:3000/verify?token_hash=" + mail.token + "&type=signup");
  const Answer verified = app.post("/verify", R"({"type":"signup","token_hash":")" + mail.token + "\"}");
  REQUIRE(verified.status == 200);
  CHECK(verified.json()["user"]["user_metadata"]["email_verified"].boolean() == true);
  CHECK(verified.json()["user"]["identities"][0]["identity_data"]["email_verified"].boolean() == true);
  const Answer again = app.post("/verify", R"({"type":"signup","token_hash":")" + mail.token + "\"}");
  CHECK(again.status == 403);
  CHECK(again.code() == "otp_expired");

  const Answer signed_in = app.post("/token?grant_type=password", body);
  REQUIRE(signed_in.status == 200);
  const core::Json session = signed_in.json();
  CHECK(session["token_type"].string_or("") == "bearer");
  CHECK(session["expires_in"].integer() == 3600);
  CHECK(session["refresh_token"].string_or("").size() == 43);
  CHECK(signed_in.headers.get("sb-auth-user-id") == user["id"].string_or(""));
  const std::string access = session["access_token"].string_or("");
  const core::Json claims = *core::Json::parse(*core::unbase64url(core::split(access, '.')[1]));
  CHECK(claims["iss"].string_or("") == "http://localhost:3000/auth/v1");
  CHECK(claims["aud"].string_or("") == "authenticated");
  CHECK(claims["phone"].string_or("x") == "");
  CHECK(claims["amr"][0]["method"].string_or("") == "password");
  CHECK(claims["aal"].string_or("") == "aal1");
  CHECK(claims["is_anonymous"].boolean() == false);

  CHECK(app.get("/user", access).json()["id"].string_or("") == user["id"].string_or("?"));
  const Answer left = app.call(Method::post, "/auth/v1/logout?scope=local", app.api_headers(app.anon, access));
  CHECK(left.status == 204);
  CHECK(left.body.empty());
  const Answer after = app.get("/user", access);
  CHECK(after.status == 403);
  CHECK(after.code() == "session_not_found");
  CHECK(after.headers.get("X-Supabase-Api-Version") == "2024-01-01");
  CHECK(after.headers.get("x-sb-error-code") == "session_not_found");
  CHECK(
      cell(
          "select string_agg(distinct payload->>'action', ',' order by payload->>'action') from auth.audit_log_entries "
          "where payload->>'actor_id' = '" +
          user["id"].string_or("") + "'") == "login,login_refused,logout,user_confirmed,user_signedup");
}

TEST_CASE("the six digits of the mail confirm as its link does, ten guesses long") {
  AuthApp app;
  app.post("/signup", R"({"email":"bob@example.com","password":"correct horse battery"})");
  const AuthApp::Mail mail = app.mail("bob@example.com");
  REQUIRE(mail.code.size() == 6);
  const auto guess = [&](const std::string& code) {
    return app.post("/verify", R"({"type":"email","email":"BOB@example.com","token":")" + code + "\"}");
  };
  const std::string wrong = mail.code == "000000" ? "000001" : "000000";
  for (int i = 0; i < 9; ++i) CHECK(guess(wrong).code() == "otp_expired");
  SUBCASE("the tenth may be right") { CHECK(guess(mail.code).status == 200); }
  SUBCASE("after ten wrong ones the code is dead, the link is not") {
    CHECK(guess(wrong).status == 403);
    CHECK(guess(mail.code).status == 403);
    CHECK(app.post("/verify", R"({"type":"signup","token_hash":")" + mail.token + "\"}").status == 200);
  }
  cell("delete from auth.users where email = 'bob@example.com' returning 1");
}

TEST_CASE("a link is good for an hour and only for its own purpose") {
  AuthApp app;
  app.post("/signup", R"({"email":"carl@example.com","password":"correct horse battery"})");
  const AuthApp::Mail mail = app.mail("carl@example.com");
  const std::string body = R"({"type":"signup","token_hash":")" + mail.token + "\"}";
  CHECK(app.post("/verify", R"({"type":"recovery","token_hash":")" + mail.token + "\"}").code() == "otp_expired");
  CHECK(app.post("/verify", R"({"type":"signup","token_hash":")" + mail.token + R"(","email":"carl@example.com"})")
            .status == 400);
  CHECK(app.post("/verify", R"({"type":"telepathy","token_hash":"x"})").status == 400);
  app.clock.advance(std::chrono::seconds(3601));
  CHECK(app.post("/verify", body).code() == "otp_expired");
  CHECK(app.post("/resend", R"({"type":"signup","email":"carl@example.com"})").body == "{}");
  const AuthApp::Mail second = app.mail("carl@example.com");
  CHECK(second.token != mail.token);
  CHECK(app.post("/verify", R"({"type":"signup","token_hash":")" + second.token + "\"}").status == 200);
}

TEST_CASE("the link of a mail to a client of the wire ends at redirect_to with the session in the fragment") {
  AuthApp app([](Config& config) { config.access.redirects = {"https://spa.example.com/**"}; });
  app.call(Method::post, "/auth/v1/signup?redirect_to=https%3A%2F%2Fspa.example.com%2Fin%3Fx%3D1",
           app.api_headers(app.anon, ""), R"({"email":"dora@example.com","password":"correct horse battery"})");
  const std::string link = app.mail("dora@example.com").url;
  REQUIRE(link.starts_with("http://localhost:3000/auth/v1/verify?token="));
  const Answer first = app.call(Method::get, link.substr(21));
  CHECK(first.status == 303);
  const std::string location(first.headers.get("Location"));
  CHECK(location.starts_with("https://spa.example.com/in?x=1#access_token=ey"));
  CHECK(location.ends_with("&sb=&token_type=bearer&type=signup"));
  const Answer second = app.call(Method::get, link.substr(21));
  CHECK(
      second.headers.get("Location")
          .starts_with("https://spa.example.com/in?x=1#error=access_denied&error_code=otp_expired&error_description="));
}

TEST_CASE("errors take the shape that the client's version asks for") {
  AuthApp app;
  const std::string body = R"({"email":"nobody@example.com","password":"wrong wrong wrong"})";
  const Answer fresh = app.post("/token?grant_type=password", body);
  CHECK(fresh.body == R"({"code":"invalid_credentials","message":"Invalid login credentials"})");
  CHECK(fresh.headers.get("X-Supabase-Api-Version") == "2024-01-01");
  Pairs headers = app.api_headers(app.anon, "");
  headers.back().second = "yesterday";
  const Answer legacy = app.call(Method::post, "/auth/v1/token?grant_type=password", headers, body);
  CHECK(legacy.body == R"({"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"})");
  CHECK_FALSE(legacy.headers.has("X-Supabase-Api-Version"));
  CHECK(app.router.group_of("/auth/v1/token").cors == http::Cors::any_origin);  // the server adds the headers
  const Answer weak = app.post("/signup", R"({"email":"x@example.com","password":"1234567"})");
  CHECK(weak.status == 422);
  CHECK(weak.json()["weak_password"]["reasons"][0].string_or("") == "length");
}

TEST_CASE("every refusal of the token and sign-up endpoints has its status and code") {
  AuthApp app;
  struct Row {
    const char* path;
    std::string body;
    int status;
    const char* code;
  };
  const Row table[] = {
      {"/signup", "{", 400, "bad_json"},
      {"/signup", "[]", 400, "bad_json"},
      {"/signup", R"({"email":7,"password":"correct horse"})", 400, "bad_json"},
      {"/signup", R"({"email":"x@example.com"})", 400, "validation_failed"},
      {"/signup", R"({"email":"x@example.com","password":""})", 400, "validation_failed"},
      {"/signup", R"({"email":"no address","password":"correct horse battery"})", 400, "validation_failed"},
      {"/signup", R"({"email":"x@example.com","password":"password1"})", 422, "weak_password"},
      {"/signup", R"({"email":"x@example.com","password":")" + std::string(73, 'a') + "\"}", 400, "validation_failed"},
      {"/signup", R"({"data":{}})", 422, "anonymous_provider_disabled"},
      {"/signup", R"({"email":"x@example.com","password":"correct horse battery","data":[]})", 400, "bad_json"},
      {"/token?grant_type=password", R"({"password":"x"})", 400, "validation_failed"},
      {"/token?grant_type=telepathy", "{}", 400, "invalid_credentials"},
      {"/token", "{}", 400, "invalid_credentials"},
      {"/token?grant_type=refresh_token", R"({"refresh_token":"short"})", 400, "validation_failed"},
      {"/token?grant_type=refresh_token", R"({"refresh_token":"abcdefghijkl"})", 400, "refresh_token_not_found"},
      {"/resend", R"({"type":"pigeon","email":"x@example.com"})", 400, "validation_failed"},
      {"/recover", R"({"email":"no address"})", 400, "validation_failed"},
  };
  for (const Row& row : table) {
    CAPTURE(row.path);
    CAPTURE(row.body);
    const Answer answer = app.post(row.path, row.body);
    CHECK(answer.status == row.status);
    CHECK(answer.code() == row.code);
  }
  CHECK(cell("select count(*) from auth.users where email = 'x@example.com'") == "0");
}

TEST_CASE("the user changes his password and data, and nothing else") {
  AuthApp app;
  const std::string here = app.sign_in("eve@example.com")["access_token"].string_or("");
  const std::string there = app.sign_in("eve@example.com")["access_token"].string_or("");
  const auto put = [&](const std::string& body) {
    return app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, here), body);
  };
  CHECK(put(R"({"data":{"a":1,"b":2}})").json()["user_metadata"]["b"].integer() == 2);
  const Answer merged = put(R"({"data":{"b":null,"c":3},"role":"service_role","email_confirmed_at":null,"id":"x"})");
  CHECK(merged.json()["user_metadata"].dump().find("\"b\"") == std::string::npos);
  CHECK(merged.json()["user_metadata"]["a"].integer() == 1);
  CHECK(merged.json()["role"].string_or("") == "authenticated");
  CHECK(put(R"({"app_metadata":{"tier":"pro"}})").code() == "not_admin");
  CHECK(put(R"({"password":"correct horse battery"})").code() == "same_password");
  CHECK(put(R"({"password":"short"})").code() == "weak_password");
  CHECK(app.get("/user", there).status == 200);
  CHECK(put(R"({"password":"another horse battery"})").status == 200);
  CHECK(app.get("/user", here).status == 200);
  CHECK(app.get("/user", there).code() == "session_not_found");
  CHECK(app.post("/token?grant_type=password", R"({"email":"eve@example.com","password":"correct horse battery"})")
            .status == 400);
  CHECK(app.post("/token?grant_type=password", R"({"email":"eve@example.com","password":"another horse battery"})")
            .status == 200);
}

TEST_CASE("an administrator makes, reads, lists and deletes users") {
  AuthApp app;
  const std::string id = "7f9619ff-8b86-4d01-b42d-00cf4fc964ff";
  const Answer made = app.admin(Method::post, "/users",
                                R"({"id":")" + id +
                                    R"(","email":"Finn@example.com","password":"correct horse battery",
      "email_confirm":true,"user_metadata":{"x":1},"app_metadata":{"tier":"pro","provider":"evil"}})");
  REQUIRE(made.status == 200);
  CHECK(made.json()["id"].string_or("") == id);
  CHECK(made.json()["app_metadata"]["tier"].string_or("") == "pro");
  CHECK(made.json()["app_metadata"]["provider"].string_or("") == "email");
  CHECK(made.json().has("email_confirmed_at"));
  CHECK(app.mails("finn@example.com") == 0);
  CHECK(app.admin(Method::post, "/users", R"({"email":"finn@example.com"})").code() == "email_exists");
  CHECK(app.admin(Method::post, "/users", "{}").code() == "validation_failed");
  CHECK(app.admin(Method::get, "/users/" + id).json()["email"].string_or("") == "finn@example.com");
  CHECK(app.admin(Method::get, "/users/nobody").status == 404);
  const Answer page = app.admin(Method::get, "/users?page=&per_page=1");
  CHECK(page.json()["users"].size() == 1);
  CHECK(page.json()["aud"].string_or("") == "authenticated");
  CHECK(std::string(page.headers.get("X-Total-Count")) ==
        cell("select count(*) from auth.users where deleted_at is null"));
  CHECK(page.headers.get("Link").find("rel=\"last\"") != std::string::npos);
  const core::Json session = app.sign_in("finn@example.com");
  CHECK(app.admin(Method::del, "/users/" + id, "").body == "{}");
  CHECK(app.admin(Method::del, "/users/" + id).code() == "user_not_found");
  CHECK(app.admin(Method::get, "/users/" + id).code() == "user_not_found");
  CHECK(app.get("/user", session["access_token"].string_or("")).code() == "user_not_found");
}

TEST_CASE("welcome credits come once, after the confirmation of a self sign-up, and never from the admin API") {
  AuthApp app([](Config& config) { config.identity.welcome_credits = 20; });
  const auto credits = [](const std::string& address) {
    return cell(
        "select coalesce(sum(l.amount), 0) from public.credit_ledger l join auth.users u on u.id = l.user_id "
        "where u.email = '" +
        address + "'");
  };
  app.post("/signup", R"({"email":"gina@example.com","password":"correct horse battery"})");
  CHECK(credits("gina@example.com") == "0");
  app.post("/verify", R"({"type":"signup","token_hash":")" + app.mail("gina@example.com").token + "\"}");
  CHECK(credits("gina@example.com") == "20");
  CHECK(app.mail("gina@example.com", "welcome").url == "http://localhost:3000/app");
  app.post("/recover", R"({"email":"gina@example.com"})");
  app.post("/verify", R"({"type":"recovery","token_hash":")" + app.mail("gina@example.com", "recovery").token + "\"}");
  CHECK(credits("gina@example.com") == "20");
  app.sign_in("hugo@example.com");
  CHECK(credits("hugo@example.com") == "0");
}

TEST_CASE("with autoconfirm a sign-up is a session, and a known address says so") {
  AuthApp app([](Config& config) {
    config.identity.autoconfirm = true;
    config.identity.welcome_credits = 5;
  });
  const std::string body = R"({"email":"ines@example.com","password":"correct horse battery"})";
  const Answer first = app.post("/signup", body);
  CHECK(first.json()["access_token"].string_or("").starts_with("ey"));
  CHECK(first.json()["user"].has("email_confirmed_at"));
  const Answer second = app.post("/signup", body);
  CHECK(second.status == 422);
  CHECK(second.code() == "user_already_exists");
}

TEST_CASE("twelve sign-ups of one address at once make one user") {
  AuthApp app;
  const auto storm = [](AuthApp& h) -> core::Task<int> {
    core::TaskGroup group(h.loop);
    int good = 0;
    const auto one = [](AuthApp& hh, int& count) -> core::Task<> {
      const Answer answer = co_await hh.send(Method::post, "/auth/v1/signup", hh.api_headers(hh.anon, ""),
                                             R"({"email":"jon@example.com","password":"correct horse battery"})");
      if (answer.status == 200) ++count;
    };
    for (int i = 0; i < 12; ++i) group.spawn("sign up", one(h, good));
    co_await group.join();
    co_return good;
  };
  CHECK(app.loop.run_until(storm(app)) == 12);
  CHECK(cell("select count(*) from auth.users where email = 'jon@example.com'") == "1");
}

TEST_CASE("bcrypt hashes that Supabase wrote still sign in") {
  AuthApp app;
  const auto fits = [&](const char* password, const char* hash) {
    return app.loop.run_until(identity::password_matches(app.identity(), password, hash));
  };
  // Solar Designer's published vectors.
  CHECK(fits("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  CHECK(fits("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"));
  CHECK_FALSE(fits("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  CHECK_FALSE(fits("", ""));
  CHECK_FALSE(fits("a password that nobody has", ""));
  CHECK_FALSE(fits("x", "$1$notbcrypt$xxxxxxxxxxxxxxxxxxxxxx"));
  AuthApp bcrypt([](Config& config) { config.identity.hash = identity::Config::Hash::bcrypt; });
  bcrypt.sign_in("kim@example.com");
  CHECK(cell("select left(encrypted_password, 7) from auth.users where email = 'kim@example.com'") == "$2a$10$");
  CHECK(app.post("/token?grant_type=password", R"({"email":"kim@example.com","password":"correct horse battery"})")
            .status == 200);
  CHECK(app.post("/token?grant_type=password", R"({"email":"kim@example.com","password":"correct horse batterx"})")
            .status == 400);
  app.sign_in("leo@example.com");
  CHECK(cell("select left(encrypted_password, 30) from auth.users where email = 'leo@example.com'") ==
        "$argon2id$v=19$m=19456,t=2,p=1");
}

TEST_CASE("limits answer 429 with Retry-After") {
  AuthApp app([](Config& config) {
    config.identity.limits = identity::Config::Limits::enforced;
    config.identity.rates["sign_in"] = {30,
                                        30.0 / 86400};  // AUTH_RATE_LIMITS=sign_in=30/86400: no refill while this runs
  });
  const auto wrong = [&](const std::string& email) {
    return app.post("/token?grant_type=password", R"({"email":")" + email + R"(","password":"wrong wrong wrong"})");
  };
  app.client_ip = "203.0.113.1";
  for (int i = 0; i < 30; ++i) CHECK(wrong("m" + std::to_string(i) + "@example.com").status == 400);
  const Answer full = wrong("m99@example.com");
  CHECK(full.status == 429);
  CHECK(full.code() == "over_request_rate_limit");
  CHECK(core::parse_int(full.headers.get("Retry-After")).value_or(0) >= 1);
  app.client_ip = "203.0.113.99";
  CHECK(app.post("/recover", R"({"email":"nobody@example.com"})").status == 200);
  CHECK(app.post("/recover", R"({"email":"nobody@example.com"})").code() == "over_email_send_rate_limit");
}

TEST_CASE("the open endpoints answer without a key, the others refuse") {
  AuthApp app;
  CHECK(app.call(Method::get, "/auth/v1/health").status == 200);
  CHECK(app.call(Method::get, "/auth/v1/.well-known/jwks.json").body == R"({"keys":[]})");
  CHECK(app.get("/settings").json()["external"]["email"].boolean() == true);
  CHECK(app.call(Method::get, "/auth/v1/settings").json()["message"].string_or("") == "No API key found in request");
  CHECK(app.call(Method::get, "/auth/v1/settings", {{"apikey", "wrong"}}).json()["message"].string_or("") ==
        "Invalid API key");
  CHECK(app.call(Method::get, "/auth/v1/sso").status == 404);
}
