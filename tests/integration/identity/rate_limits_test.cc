// The limits of docs/spec/supabase-auth.md 10: over several processes, by client and by account, and of mails.
#include "identity/rate_limits.h"

#include "core/problem.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

// No bucket fills while this runs, and none is left over from elsewhere.
void slow(Config& config) {
  rows("delete from tenon.rate_buckets");
  config.identity.limits = identity::Config::Limits::enforced;
  for (const identity::Limit* limit : identity::kLimits)
    config.identity.rates[std::string(limit->name)] = {5, 5.0 / 86400};
}

bool admitted(AuthApp& app, const identity::Limit& limit, const std::string& ip, const std::string& account = "") {
  try {
    app.loop.run_until(identity::enforce_rate_limit(app.identity(), limit, ip, account));
    return true;
  } catch (const core::Problem& problem) {
    CHECK(problem.status == 429);
    return false;
  }
}

Answer wrong(AuthApp& app, const std::string& email, const std::string& device = "") {
  Pairs headers = app.api_headers(app.anon, "");
  if (!device.empty()) headers.emplace_back("Cookie", "tenon-device=" + device);
  return app.call(Method::post, "/auth/v1/token?grant_type=password", headers,
                  R"({"email":")" + email + R"(","password":"wrong wrong wrong"})");
}

}  // namespace

TEST_CASE("each limit holds over two processes on one database, by client and by account") {
  AuthApp one(slow), two(slow);
  for (const identity::Limit* limit : identity::kLimits) {
    CAPTURE(limit->name);
    int passed = 0;
    for (int i = 0; i < 8; ++i) passed += admitted(i % 2 == 0 ? one : two, *limit, "203.0.113.1") ? 1 : 0;
    CHECK(passed == 5);
    CHECK(admitted(one, *limit, "203.0.113.2"));
    passed = 0;
    for (int i = 0; i < 24; ++i)
      passed += admitted(i % 2 == 0 ? one : two, *limit, "198.51.100." + std::to_string(i), "mia") ? 1 : 0;
    CHECK(passed == 5 * limit->of_account);
  }
}

TEST_CASE("the instance's mails are counted over two processes, and what is left tells nobody who has an account") {
  AuthApp one(slow), two(slow);
  one.sign_in("li-a@example.com");
  for (int i = 0; i < 5; ++i) {
    one.client_ip = "203.0.113." + std::to_string(i);
    one.sign_in("li-known" + std::to_string(i) + "@example.com");
  }
  int client = 0;
  const auto ask = [&](AuthApp& app, const std::string& path, const std::string& email) {
    app.client_ip = "203.0.113." + std::to_string(client++ % 200);
    return app.post(path, R"({"email":")" + email + R"(","password":"correct horse battery"})");
  };
  const auto expect_refused = [&](const std::string& path) {
    for (const char* email : {"li-a@example.com", "li-c@example.com"})
      CHECK(ask(two, path, email).code() == "over_email_send_rate_limit");
  };
  rows("delete from tenon.rate_buckets");
  // A request that sends nothing takes nothing of the instance's five.
  for (int i = 0; i < 8; ++i) CHECK(ask(one, "/recover", "li-none" + std::to_string(i) + "@example.com").status == 200);
  for (int i = 0; i < 5; ++i)
    CHECK(ask(i % 2 == 0 ? one : two, i < 3 ? "/recover" : "/otp", "li-known" + std::to_string(i) + "@example.com")
              .status == 200);
  expect_refused("/recover");
  expect_refused("/otp");
  for (int i = 0; i < 5; ++i)
    CHECK(ask(i % 2 == 0 ? one : two, "/signup", "li-b" + std::to_string(i) + "@example.com").status == 200);
  expect_refused("/signup");
  const auto invite = [&](const std::string& email) {
    return two.call(Method::post, "/auth/v1/invite", two.api_headers(two.service, ""),
                    R"({"email":")" + email + R"("})");
  };
  for (int i = 0; i < 5; ++i) CHECK(invite("li-d" + std::to_string(i) + "@example.com").status == 200);
  const Answer invited = invite("li-d@example.com");
  CHECK(invited.code() == "over_email_send_rate_limit");
  CHECK(core::parse_int(invited.headers.get("Retry-After")).value_or(0) > 1);
  CHECK(cell("select count(*) from auth.users where email in ('li-c@example.com', 'li-d@example.com')") == "0");
}

TEST_CASE("after a sign-up its mail can be had again in a minute, whoever has the address") {
  AuthApp app(slow);
  app.sign_in("li-e@example.com");
  for (const char* email : {"li-e@example.com", "li-f@example.com"}) {
    CAPTURE(email);
    const std::string who = std::string(R"({"email":")") + email + "\"";
    app.client_ip = "203.0.113.7";
    CHECK(app.post("/signup", who + R"(,"password":"correct horse battery"})").status == 200);
    const Answer again = app.post("/resend", who + R"(,"type":"signup"})");
    CHECK(again.status == 429);
    CHECK(again.code() == "over_email_send_rate_limit");
    app.post("/signup", who + R"(,"password":"correct horse battery"})");
  }
  CHECK(app.mails("li-f@example.com") == 1);
}

TEST_CASE("an address change and its repetition within the minute are one mail to each") {
  AuthApp app(slow);
  const std::string access = app.sign_in("li-g@example.com")["access_token"].string_or("");
  CHECK(app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), R"({"email":"li-h@example.com"})")
            .status == 200);
  CHECK(app.post("/resend", R"({"type":"email_change","email":"li-g@example.com"})").code() ==
        "over_email_send_rate_limit");
  CHECK(app.mails("li-h@example.com") == 1);
}

TEST_CASE("what strangers ask for his address does not keep its signed-in owner from leaving it") {
  AuthApp app(slow);
  const std::string access = app.sign_in("li-j@example.com")["access_token"].string_or("");
  app.client_ip = "203.0.113.9";
  CHECK(app.post("/resend", R"({"type":"email_change","email":"li-j@example.com"})").status == 200);
  CHECK(app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, access), R"({"email":"li-k@example.com"})")
            .status == 200);
  CHECK(app.mails("li-k@example.com") == 1);
}

TEST_CASE("guesses at an account do not keep its owner out") {
  AuthApp app(slow);
  app.client_ip = "192.0.2.1";
  const std::string device(32, 'd');
  app.admin(Method::post, "/users",
            R"({"email":"li-i@example.com","password":"correct horse battery","email_confirm":true})");
  Pairs at_home = app.api_headers(app.anon, "");
  at_home.emplace_back("Cookie", "tenon-device=" + device);
  const auto enter = [&] {
    return app.call(Method::post, "/auth/v1/token?grant_type=password", at_home,
                    R"({"email":"li-i@example.com","password":"correct horse battery"})");
  };
  const Answer in = enter();
  REQUIRE(in.status == 200);
  // One client, however long it tries, takes from the account what it is admitted with itself.
  app.client_ip = "203.0.113.1";
  for (int i = 0; i < 40; ++i) wrong(app, "li-i@example.com");
  app.client_ip = "203.0.113.2";
  CHECK(wrong(app, "li-i@example.com").status == 400);
  for (int i = 3; i < 30; ++i) {
    app.client_ip = "203.0.113." + std::to_string(i);
    wrong(app, "li-i@example.com");
  }
  app.client_ip = "203.0.113.99";
  CHECK(wrong(app, "li-i@example.com").status == 429);
  CHECK(wrong(app, "li-i@example.com", std::string(32, 'e')).status == 429);  // a device that they never had
  app.client_ip = "192.0.2.1";
  CHECK(enter().status == 200);
  // The device has a bucket of its own, not none.
  int admitted = 0;
  for (int i = 0; i < 12; ++i) {
    app.client_ip = "198.51.100." + std::to_string(i);
    admitted += wrong(app, "li-i@example.com", device).status == 400 ? 1 : 0;
  }
  CHECK(admitted == 4);  // of five; the owner had the first
  app.client_ip = "192.0.2.1";
  // Nor from their password, when they are signed in.
  CHECK(app.call(Method::put, "/auth/v1/user", app.api_headers(app.anon, in.json()["access_token"].string_or("")),
                 R"({"password":"another horse battery"})")
            .status == 200);
  rows("delete from tenon.rate_buckets");
}
