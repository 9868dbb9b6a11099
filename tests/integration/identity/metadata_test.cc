// Metadata goes into every access token, and a token has a size that is
// accepted.
#include "identity/jwt.h"
#include "identity/users.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

// An object of exactly `bytes` bytes, as it is written in a token.
std::string object_of(std::size_t bytes) { return R"({"n":")" + std::string(bytes - 8, 'x') + "\"}"; }
const std::string kApp = R"({"provider":"email","providers":["email"]})";
const std::size_t kRoom = identity::kMaxMetadata - kApp.size();

}  // namespace

TEST_CASE(
    "metadata up to the bound leaves a token that is accepted, and one "
    "byte more is refused with what to do") {
  AuthApp app;
  const std::string access = app.sign_in("md-a@example.com")["access_token"].string_or("");
  const auto put = [&](const std::string& data) {
    return app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), R"({"data":)" + data + "}");
  };
  const Answer over = put(object_of(kRoom + 1));
  CHECK(over.status == 400);
  CHECK(over.code() == "validation_failed");
  CHECK(over.body.find("4096") != std::string::npos);
  CHECK(app.get("/user", access).json()["user_metadata"].dump() == "{}");
  REQUIRE(put(object_of(kRoom)).status == 200);
  // Merged piece by piece it is no larger.
  CHECK(put(R"({"more":1})").status == 400);
  const core::Json again = app.sign_in("md-a@example.com");
  CHECK(again["access_token"].string_or("").size() <= identity::jwt::kMaxLength);
  CHECK(app.get("/user", again["access_token"].string_or("")).status == 200);
}

TEST_CASE("every way in that takes metadata holds it to the bound") {
  AuthApp app([](Config& config) { config.identity.anonymous = true; });
  const std::string big = object_of(kRoom + 1), fits = object_of(kRoom);
  const std::string password = R"(","password":"correct horse battery")";
  const auto signup = [&](const std::string& data) {
    return app.post("/signup", R"({"email":"md-b@example.com)" + password + R"(,"data":)" + data + "}");
  };
  CHECK(signup(big).code() == "validation_failed");
  CHECK(signup(fits).status == 200);
  const auto otp = [&](const std::string& data) {
    return app.post("/otp", R"({"email":"md-c@example.com","data":)" + data + "}");
  };
  CHECK(otp(big).code() == "validation_failed");
  CHECK(otp(fits).status == 200);
  CHECK(app.post("/signup", R"({"data":)" + object_of(identity::kMaxMetadata) + "}").code() == "validation_failed");
  const auto make = [&](const std::string& more) {
    return app.admin(Method::post, "/users", R"({"email":"md-d@example.com")" + more + "}");
  };
  CHECK(make(R"(,"user_metadata":)" + big).code() == "validation_failed");
  CHECK(make(R"(,"user_metadata":{"a":1},"app_metadata":)" + big).code() == "validation_failed");
  const Answer made = make(R"(,"user_metadata":)" + fits);
  REQUIRE(made.status == 200);
  CHECK(app.admin(Method::put, "/users/" + made.json()["id"].string_or(""), R"({"app_metadata":{"plan":"pro"}})")
            .code() == "validation_failed");
  const Answer invited = app.call(Method::post, "/auth/v1/invite", app.api_headers(app.service, ""),
                                  R"({"email":"md-e@example.com","data":)" + big + "}");
  CHECK(invited.code() == "validation_failed");
  CHECK(cell("select count(*) from auth.users where email = 'md-e@example.com'") == "0");
}

TEST_CASE(
    "metadata that came past the bound by an import locks nobody out: "
    "the token goes without it") {
  AuthApp app;
  app.sign_in("md-f@example.com");
  rows(
      "update auth.users set raw_user_meta_data = "
      "jsonb_build_object('avatar', repeat('x', 20000)) "
      "where email = 'md-f@example.com'");
  const core::Json session = app.sign_in("md-f@example.com");
  const Answer user = app.get("/user", session["access_token"].string_or(""));
  REQUIRE(user.status == 200);
  CHECK(user.json()["user_metadata"]["avatar"].string_or("").size() == 20000);
}

TEST_CASE("who came with more than the bound may still be banned, and his metadata may shrink") {
  AuthApp app;
  app.sign_in("md-z@example.com");
  const std::string id = cell("select id from auth.users where email = 'md-z@example.com'");
  rows("update auth.users set raw_user_meta_data = jsonb_build_object('n', repeat('x', 6000)) where id = '" + id + "'");
  CHECK(app.admin(Method::put, "/users/" + id, R"({"ban_duration":"24h"})").status == 200);
  CHECK(app.admin(Method::put, "/users/" + id, R"({"user_metadata":{"more":1}})").code() == "validation_failed");
  CHECK(app.admin(Method::put, "/users/" + id, R"({"user_metadata":{"n":null}})").status == 200);
  CHECK(cell("select banned_until > now() from auth.users where id = '" + id + "'") == "t");
}
