// No answer's time reveals whether an address has an account (docs/spec/security.md 3.2). Requests of both kinds take
// turns, and their medians are compared: without the even step the one that finds nobody takes a third of the other.
#include <algorithm>
#include <chrono>
#include <functional>

#include "support/auth_app.h"

using namespace auth_test;

namespace {

void even(Config& config) { config.identity.response_step = std::chrono::milliseconds(150); }

struct Medians {
  double known, unknown;
};
Medians medians(int rounds, const std::function<void()>& known, const std::function<void()>& unknown) {
  std::vector<double> of_known, of_unknown;
  const auto timed = [](const std::function<void()>& ask) {
    const auto start = std::chrono::steady_clock::now();
    ask();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (int i = 0; i < rounds; ++i) {
    of_known.push_back(timed(known));
    of_unknown.push_back(timed(unknown));
  }
  std::sort(of_known.begin(), of_known.end());
  std::sort(of_unknown.begin(), of_unknown.end());
  return {of_known[of_known.size() / 2], of_unknown[of_unknown.size() / 2]};
}

void check_alike(const char* what, const Medians& medians) {
  CAPTURE(what);
  CHECK(medians.unknown > medians.known * 0.8);
  CHECK(medians.known > medians.unknown * 0.8);
}

}  // namespace

TEST_CASE("recover, otp, resend, sign-up and the page of the mailed link take as long for any address") {
  AuthApp app(even);
  app.sign_in("ti-a@example.com");
  app.post("/signup", R"({"email":"ti-b@example.com","password":"correct horse battery"})");
  const auto wire = [&](const char* path, const std::string& body) {
    return [&app, path, body] { CHECK(app.post(path, body).status == 200); };
  };
  check_alike("recover", medians(5, wire("/recover", R"({"email":"ti-a@example.com"})"),
                                 wire("/recover", R"({"email":"ti-nobody@example.com"})")));
  check_alike("resend", medians(5, wire("/resend", R"({"type":"signup","email":"ti-b@example.com"})"),
                                wire("/resend", R"({"type":"signup","email":"ti-nobody@example.com"})")));
  const std::string pass = R"(","password":"correct horse battery"})";
  int fresh = 0;
  check_alike("signup", medians(5, wire("/signup", R"({"email":"ti-a@example.com)" + pass), [&] {
                app.post("/signup", R"({"email":"ti-n)" + std::to_string(fresh++) + "@example.com" + pass);
              }));
  Browser browser(app);
  const auto page = [&](const char* email) {
    return [&browser, email] {
      browser.get("/login/link");
      CHECK(browser.post("/login/link", {{"email", email}}).status == 303);
    };
  };
  check_alike("the page", medians(5, page("ti-a@example.com"), page("ti-nobody@example.com")));

  AuthApp quiet([](Config& config) {
    even(config);
    config.identity.signup_open = false;
  });
  const auto otp = [&](const char* email) {
    return [&quiet, email] { CHECK(quiet.post("/otp", std::string(R"({"email":")") + email + "\"}").status == 200); };
  };
  check_alike("otp", medians(5, otp("ti-a@example.com"), otp("ti-nobody@example.com")));
}

TEST_CASE("a wrong password takes as long for an imported bcrypt hash as for argon2id and for nobody") {
  AuthApp old([](Config& config) { config.identity.hash = identity::Config::Hash::bcrypt; });
  old.admin(http::Method::post, "/users",
            R"({"email":"ti-c@example.com","password":"correct horse battery","email_confirm":true})");
  AuthApp app([](Config& config) { config.identity.response_step = identity::Config{}.response_step; });
  app.sign_in("ti-d@example.com");
  const auto wrong = [&](const char* email) {
    return [&app, email] {
      CHECK(app.post("/token?grant_type=password",
                     std::string(R"({"email":")") + email + R"(","password":"wrong wrong wrong"})")
                .code() == "invalid_credentials");
    };
  };
  REQUIRE(cell("select left(encrypted_password, 7) from auth.users where email = 'ti-c@example.com'") == "$2a$10$");
  check_alike("bcrypt and nobody", medians(5, wrong("ti-c@example.com"), wrong("ti-nobody@example.com")));
  check_alike("argon2id and bcrypt", medians(5, wrong("ti-d@example.com"), wrong("ti-c@example.com")));
}
