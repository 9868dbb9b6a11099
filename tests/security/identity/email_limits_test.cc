// Strangers must not use up the emails of the instance (docs/spec/security.md 3.3).
#include <string>

#include "core/problem.h"
#include "identity/rate_limits.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

// The limits as shipped.
void enforced(Config& config) {
  rows("delete from tenon.rate_buckets");
  config.identity.limits = identity::Config::Limits::enforced;
}

std::string body_of(const std::string& email) {
  return R"({"email":")" + email + R"(","password":"correct horse battery"})";
}

bool admitted(AuthApp& app, const std::string& kind, const std::string& email, const std::string& ip) {
  try {
    app.loop.run_until(identity::enforce_email_rate_limit(app.identity(), kind, email, ip));
    return true;
  } catch (const core::Problem& problem) {
    CHECK(problem.status == 429);
    CHECK(!problem.headers.empty());  // Retry-After
    return false;
  }
}

}  // namespace

TEST_CASE("requests for unknown addresses, however many, close neither sign-up nor reset to anybody") {
  AuthApp app(enforced);
  app.sign_in("el-owner@example.com");
  for (int i = 0; i < 700; ++i)
    admitted(app, "recovery", "el-nobody" + std::to_string(i) + "@example.net", "203.0.113." + std::to_string(i % 250));
  for (int i = 0; i < 20; ++i) {
    app.client_ip = "203.0.114." + std::to_string(i);
    CHECK(app.post("/recover", body_of("el-nothing" + std::to_string(i) + "@example.net")).status == 200);
  }
  app.client_ip = "198.51.100.200";
  CHECK(app.post("/recover", body_of("el-owner@example.com")).status == 200);
  CHECK(app.post("/signup", body_of("el-new@example.com")).status == 200);
  CHECK(app.post("/otp", body_of("el-other@example.com")).status == 200);
  CHECK(app.post("/magiclink", body_of("el-third@example.com")).status == 200);
  CHECK(app.post("/resend", R"({"type":"signup","email":"el-fourth@example.com"})").status == 200);
  CHECK(app.mails("el-new@example.com") == 1);
  rows("delete from tenon.rate_buckets");
}

TEST_CASE("one network has a tenth of the emails, whichever of its addresses asks") {
  AuthApp app(enforced);
  int passed = 0;
  for (int i = 0; i < 100; ++i)
    passed += admitted(app, "recovery", "el-a" + std::to_string(i) + "@example.net",
                       "2001:db8:7:" + std::to_string(i) + "::1")
                  ? 1
                  : 0;
  CHECK(passed >= 60);
  CHECK(passed <= 62);  // a token comes back in a minute
  CHECK(admitted(app, "recovery", "el-b@example.net", "2001:db8:8::1"));
  CHECK(admitted(app, "recovery", "el-c@example.net", "198.51.100.1"));
  CHECK(admitted(app, "signup", "el-d@example.net", "2001:db8:7::1"));  // sign-up has a share of its own
  rows("delete from tenon.rate_buckets");
}

TEST_CASE("sign-ups that use up the instance's emails leave reset, signed-in users and invitations theirs") {
  AuthApp app([](Config& config) {
    enforced(config);
    config.identity.rates["mail"] = {4, 4.0 / 86400};
  });
  const std::string access = app.sign_in("el-e@example.com")["access_token"].string_or("");
  for (int i = 0; i < 4; ++i) {
    app.client_ip = "203.0.113." + std::to_string(i);
    CHECK(app.post("/signup", body_of("el-f" + std::to_string(i) + "@example.com")).status == 200);
  }
  app.client_ip = "203.0.113.9";
  CHECK(app.post("/signup", body_of("el-g@example.com")).code() == "over_email_send_rate_limit");
  CHECK(app.post("/signup", body_of("el-e@example.com")).code() == "over_email_send_rate_limit");  // known: the same
  CHECK(app.post("/recover", body_of("el-e@example.com")).status == 200);
  CHECK(app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), R"({"email":"el-h@example.com"})")
            .status == 200);
  CHECK(app.call(Method::post, "/auth/v1/invite", app.api_headers(app.service, ""), R"({"email":"el-i@example.com"})")
            .status == 200);
  rows("delete from tenon.rate_buckets");
}
