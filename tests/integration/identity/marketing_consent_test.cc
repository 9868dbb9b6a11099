// The tick for news on the sign-up page.
#include "support/auth_app.h"

using namespace auth_test;

namespace {

bool has(const Answer& answer, std::string_view part) { return answer.body.find(part) != std::string::npos; }

std::string wants_news(const std::string& address) {
  return cell(
      "select coalesce((select p.marketing_opt_in from public.user_notification_prefs p where p.user_id = u.id), "
      "false) from auth.users u where u.email = '" +
      address + "'");
}

void sign_up(Browser& browser, const std::string& address, const std::string& password, bool news) {
  Pairs fields{{"email", address}, {"password", password}};
  if (news) fields.emplace_back("marketing_opt_in", "on");
  CHECK(browser.post("/signup", fields).status == 303);
}

void confirm(AuthApp& app, const std::string& address) {
  app.post("/verify", R"({"type":"signup","token_hash":")" + app.mail(address).token + "\"}");
  CHECK(cell("select email_confirmed_at is not null from auth.users where email = '" + address + "'") == "t");
}

constexpr const char* kTicked = "name=\"marketing_opt_in\" type=\"checkbox\" value=\"on\" checked";

}  // namespace

TEST_CASE("news is off unless it is ticked at sign-up, and then the confirmed person's preference") {
  AuthApp app;
  Browser browser(app);
  const Answer form = browser.get("/signup");
  CHECK(has(form, "name=\"marketing_opt_in\""));
  CHECK_FALSE(has(form, kTicked));
  sign_up(browser, "news-no@example.com", "correct horse battery", false);
  confirm(app, "news-no@example.com");
  CHECK(wants_news("news-no@example.com") == "f");
  sign_up(browser, "news-yes@example.com", "correct horse battery", true);
  CHECK(wants_news("news-yes@example.com") == "f");  // anybody may have typed the address
  confirm(app, "news-yes@example.com");
  CHECK(wants_news("news-yes@example.com") == "t");
}

TEST_CASE("a stranger's tick is not the owner's, and who thinks better of it before he confirms is heard") {
  AuthApp app;
  Browser browser(app);
  browser.get("/signup");
  sign_up(browser, "news-victim@example.com", "a stranger's password", true);
  app.clock.advance(std::chrono::minutes(2));
  sign_up(browser, "news-victim@example.com", "correct horse battery", false);
  confirm(app, "news-victim@example.com");
  CHECK(wants_news("news-victim@example.com") == "f");

  for (const bool last : {false, true}) {
    const std::string address = last ? "news-late@example.com" : "news-withdrawn@example.com";
    sign_up(browser, address, "correct horse battery", !last);
    app.clock.advance(std::chrono::minutes(2));
    sign_up(browser, address, "correct horse battery", last);
    confirm(app, address);
    CHECK(wants_news(address) == (last ? "t" : "f"));
  }
}

TEST_CASE("a refused sign-up keeps the tick, and a known address's owner is not signed up for news") {
  AuthApp app;
  Browser browser(app);
  browser.get("/signup");
  const Answer refused = browser.post(
      "/signup", {{"email", "news-kept@example.com"}, {"password", "password"}, {"marketing_opt_in", "on"}});
  CHECK(refused.status == 422);
  CHECK(has(refused, kTicked));
  app.sign_in("news-owner@example.com");
  CHECK(browser
            .post("/signup", {{"email", "news-owner@example.com"},
                              {"password", "correct horse battery"},
                              {"marketing_opt_in", "on"}})
            .status == 303);
  CHECK(wants_news("news-owner@example.com") == "f");
}
