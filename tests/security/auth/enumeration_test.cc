// Whether an address has an account is told by no answer.
#include <set>

#include "integration/auth/support/house.h"

using namespace auth_test;
using http::Method;

namespace {

std::set<std::string> members(const core::Json& json) {
  std::set<std::string> names;
  for (const auto& [name, value] : json.members()) names.insert(name);
  return names;
}

}  // namespace

TEST_CASE("a wrong password and an unknown address get the same answer and cost the same hash") {
  House house;
  house.sign_in("ha@example.com");
  const auto ask = [&](const char* email) {
    return house.post("/token?grant_type=password",
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

TEST_CASE("the fabricated user of a sign-up has the members of a real one") {
  House house;
  house.sign_in("hb@example.com");
  const Answer fresh =
      house.post("/signup", R"({"email":"hc@example.com","password":"correct horse battery","data":{"a":1}})");
  const Answer known =
      house.post("/signup", R"({"email":"hb@example.com","password":"correct horse battery","data":{"a":1}})");
  CHECK(known.status == fresh.status);
  CHECK(members(known.json()) == members(fresh.json()));
  CHECK(known.json()["user_metadata"].dump() == fresh.json()["user_metadata"].dump());
  CHECK(known.json()["id"].string_or("") != cell("select id from auth.users where email = 'hb@example.com'"));
  CHECK(known.json()["identities"].size() == 0);
  CHECK(house.mails("hb@example.com") == 0);
  // and it changed nothing
  CHECK(house.post("/token?grant_type=password", R"({"email":"hb@example.com","password":"correct horse battery"})")
            .status == 200);
}

TEST_CASE("recover and resend answer alike for any address") {
  House house;
  house.sign_in("hd@example.com");
  house.post("/signup", R"({"email":"he@example.com","password":"correct horse battery"})");
  for (const char* path : {"/recover", "/resend"}) {
    std::set<std::string> answers;
    for (const char* email : {"hd@example.com", "he@example.com", "nobody@example.com"}) {
      const Answer answer = house.post(path, std::string(R"({"type":"signup","email":")") + email + "\"}");
      answers.insert(std::to_string(answer.status) + answer.body);
    }
    CHECK(answers == std::set<std::string>{"200{}"});
  }
}

TEST_CASE("who signs up with another's unconfirmed address neither reads his data nor keeps the password") {
  House house;
  house.post("/signup",
             R"({"email":"hf@example.com","password":"the attackers own pass","data":{"secret":"of the first"}})");
  const House::Mail first = house.mail("hf@example.com");
  const Answer second = house.post("/signup", R"({"email":"hf@example.com","password":"the owners own pass"})");
  CHECK(second.body.find("of the first") == std::string::npos);
  CHECK(house.post("/verify", R"({"type":"signup","token_hash":")" + first.token + "\"}").status == 403);
  CHECK(
      house.post("/verify", R"({"type":"signup","token_hash":")" + house.mail("hf@example.com").token + "\"}").status ==
      200);
  CHECK(house.post("/token?grant_type=password", R"({"email":"hf@example.com","password":"the attackers own pass"})")
            .status == 400);
  CHECK(house.post("/token?grant_type=password", R"({"email":"hf@example.com","password":"the owners own pass"})")
            .status == 200);
}

TEST_CASE("neither link, code, password nor refresh token can be read from the tables") {
  House house;
  house.post("/signup", R"({"email":"hg@example.com","password":"correct horse battery"})");
  const House::Mail mail = house.mail("hg@example.com");
  const core::Json session = house.sign_in("hh@example.com");
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
