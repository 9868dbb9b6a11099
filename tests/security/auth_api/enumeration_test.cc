// No answer reveals whether an address has an account.
#include <set>

#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

// Every path of a document, down to its leaves, and what kind of value is there.
void walk(const core::Json& json, const std::string& path, std::vector<std::string>& out) {
  for (const auto& [name, value] : json.members()) walk(value, path + "." + name, out);
  std::size_t index = 0;
  for (const core::Json& value : json.elements()) walk(value, path + "[" + std::to_string(index++) + "]", out);
  if (json.is_string()) out.push_back(path + ": text of " + std::to_string(json.string_or("").size()));
  else if (!json.is_object() && !json.is_array()) out.push_back(path + ": " + json.dump());
}
std::vector<std::string> shape(const core::Json& json) {
  std::vector<std::string> out;
  walk(json, "", out);
  return out;
}

}  // namespace

TEST_CASE("a wrong password and an unknown address get the same answer and cost the same hash") {
  AuthApp app;
  app.sign_in("ha@example.com");
  const auto ask = [&](const char* email) {
    return app.post("/token?grant_type=password",
                    std::string(R"({"email":")") + email + R"(","password":"wrong wrong wrong"})");
  };
  const auto time = [&](const char* email) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 8; ++i) ask(email);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const Answer known = ask("ha@example.com");
  const Answer unknown = ask("nobody@example.com");
  CHECK(known.status == unknown.status);
  CHECK(known.body == unknown.body);
  CHECK(known.headers.all() == unknown.headers.all());
  double one = 0;
  double two = 0;
  for (int i = 0; i < 3; ++i) {
    one += time("ha@example.com");
    two += time("nobody@example.com");
  }
  CHECK(two > one / 3);  // without the dummy hash it would be a twentieth
  CHECK(one > two / 3);
}

TEST_CASE("a sign-up reads the same for a fresh address, one that waits and one that has an account") {
  AuthApp app;
  app.sign_in("hb@example.com");
  app.post("/signup", R"({"email":"hx@example.com","password":"correct horse battery"})");
  app.clock.advance(std::chrono::hours(3));
  const auto ask = [&](const char* email) {
    return app.post("/signup", std::string(R"({"email":")") + email +
                                   R"(","password":"correct horse battery","data":{"zebra":[1,"x"],"a":{"b":1}}})");
  };
  const Answer fresh = ask("hc@example.com");
  REQUIRE(fresh.status == 200);
  for (const char* email : {"hb@example.com", "hx@example.com"}) {
    const Answer known = ask(email);
    CHECK(known.status == fresh.status);
    CHECK(shape(known.json()) == shape(fresh.json()));  // in the same order, each of the same length
    CHECK(known.json()["user_metadata"].dump() == fresh.json()["user_metadata"].dump());
    CHECK(known.json()["role"].string_or("") == fresh.json()["role"].string_or("?"));
    CHECK(known.json()["created_at"].string_or("").substr(0, 13) ==
          fresh.json()["created_at"].string_or("?").substr(0, 13));
    CHECK(known.json()["id"].string_or("") !=
          cell(std::string("select id from auth.users where email = '") + email + "'"));
  }
  CHECK(app.mails("hb@example.com") == 0);
  // and it changed nothing
  CHECK(app.post("/token?grant_type=password", R"({"email":"hb@example.com","password":"correct horse battery"})")
            .status == 200);
}

TEST_CASE("recover and resend answer alike for any address") {
  AuthApp app;
  app.sign_in("hd@example.com");
  app.post("/signup", R"({"email":"he@example.com","password":"correct horse battery"})");
  for (const char* path : {"/recover", "/resend"}) {
    std::set<std::string> answers;
    for (const char* email : {"hd@example.com", "he@example.com", "nobody@example.com"}) {
      const Answer answer = app.post(path, std::string(R"({"type":"signup","email":")") + email + "\"}");
      answers.insert(std::to_string(answer.status) + answer.body);
    }
    CHECK(answers == std::set<std::string>{"200{}"});
  }
}

TEST_CASE("with sign-ups closed a one-time code is asked for alike by known and unknown addresses") {
  AuthApp app([](Config& config) { config.identity.signup_open = false; });
  app.sign_in("hk@example.com");
  const auto ask = [&](const char* email) { return app.post("/otp", std::string(R"({"email":")") + email + "\"}"); };
  const Answer known = ask("hk@example.com");
  const Answer unknown = ask("nobody-hk@example.com");
  CHECK(known.status == 200);
  CHECK(unknown.status == 200);
  CHECK(unknown.body == known.body);
  CHECK(app.mails("nobody-hk@example.com") == 0);
  CHECK(cell("select count(*) from auth.users where email = 'nobody-hk@example.com'") == "0");
  CHECK(app.post("/otp", R"({"email":"nobody-hk@example.com","create_user":false})").code() == "otp_disabled");
}

TEST_CASE("of two people who sign up with one address neither gets the other's password confirmed") {
  AuthApp app;
  const char* owner = R"({"email":"hf@example.com","password":"the owners own pass"})";
  const char* stranger = R"({"email":"hf@example.com","password":"the attackers own pass","data":{"secret":"his"}})";
  for (const auto& [first, second] : {std::pair{stranger, owner}, std::pair{owner, stranger}}) {
    rows("delete from auth.users where email = 'hf@example.com'");
    app.post("/signup", first);
    const AuthApp::Mail early = app.mail("hf@example.com");
    CHECK(app.post("/signup", second).status == 200);
    CHECK(app.post("/verify", R"({"type":"signup","token_hash":")" + early.token + "\"}").status == 403);
    const AuthApp::Mail late = app.mail("hf@example.com");
    const Answer confirmed = app.post("/verify", R"({"type":"signup","token_hash":")" + late.token + "\"}");
    CHECK(confirmed.status == 200);
    CHECK(confirmed.body.find("his") == std::string::npos);
    CHECK(app.post("/token?grant_type=password", stranger).code() == "invalid_credentials");
    CHECK(app.post("/token?grant_type=password", owner).code() == "invalid_credentials");
  }
  // The owner sets one by recovery.
  CHECK(app.post("/recover", R"({"email":"hf@example.com"})").status == 200);
  const Answer recovered = app.post(
      "/verify", R"({"type":"recovery","token_hash":")" + app.mail("hf@example.com", "recovery").token + "\"}");
  REQUIRE(recovered.status == 200);
  const std::string access = recovered.json()["access_token"].string_or("");
  CHECK(
      app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), R"({"password":"the owners own pass"})")
          .status == 200);
  CHECK(app.post("/token?grant_type=password", owner).status == 200);
}

TEST_CASE("the same person who signs up twice keeps his password") {
  AuthApp app;
  const char* body = R"({"email":"hi@example.com","password":"correct horse battery"})";
  app.post("/signup", body);
  app.post("/signup", body);
  CHECK(app.post("/verify", R"({"type":"signup","token_hash":")" + app.mail("hi@example.com").token + "\"}").status ==
        200);
  CHECK(app.post("/token?grant_type=password", body).status == 200);
}

TEST_CASE("a magic link to an address that a stranger signed up leaves him no password") {
  AuthApp app;
  const char* stranger = R"({"email":"hj@example.com","password":"the attackers own pass","data":{"name":"Mallory"}})";
  app.post("/signup", stranger);
  CHECK(app.post("/otp", R"({"email":"hj@example.com"})").status == 200);
  const Answer in = app.post(
      "/verify", R"({"type":"magiclink","token_hash":")" + app.mail("hj@example.com", "magic_link").token + "\"}");
  CHECK(in.status == 200);
  CHECK(in.body.find("Mallory") == std::string::npos);
  CHECK(app.post("/token?grant_type=password", stranger).code() == "invalid_credentials");
}

TEST_CASE("neither link, code, password nor refresh token can be read from the tables") {
  AuthApp app;
  app.post("/signup", R"({"email":"hg@example.com","password":"correct horse battery"})");
  const AuthApp::Mail mail = app.mail("hg@example.com");
  const core::Json session = app.sign_in("hh@example.com");
  const std::string dump = cell(
      "select coalesce((select string_agg(to_jsonb(u)::text, '') from auth.users u), '') || "
      "coalesce((select string_agg(to_jsonb(o)::text, '') from auth.one_time_tokens o), '') || "
      "coalesce((select string_agg(to_jsonb(r)::text, '') from auth.refresh_tokens r), '') || "
      "coalesce((select string_agg(to_jsonb(s)::text, '') from auth.sessions s), '') || "
      "coalesce((select string_agg(a.payload::text, '') from auth.audit_log_entries a), '')");
  CHECK(dump.find(mail.token) == std::string::npos);
  CHECK(dump.find("correct horse") == std::string::npos);
  CHECK(dump.find(session["refresh_token"].string_or("?")) == std::string::npos);
  CHECK(dump.find(session["access_token"].string_or("?")) == std::string::npos);
}
