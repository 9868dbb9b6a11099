// The tick for news on the sign-up page.
#include "integration/auth/support/house.h"

using namespace auth_test;

namespace {

bool has(const Answer& answer, std::string_view part) { return answer.body.find(part) != std::string::npos; }

std::string wants_news(const std::string& address) {
  return cell(
      "select coalesce((select p.marketing_opt_in from public.user_notification_prefs p where p.user_id = u.id), "
      "false) from auth.users u where u.email = '" +
      address + "'");
}

constexpr const char* kTicked = "name=\"marketing_opt_in\" type=\"checkbox\" value=\"on\" checked";

}  // namespace

TEST_CASE("news is off unless it is ticked at sign-up, and then it is the person's preference") {
  House house;
  Browser browser(house);
  const Answer form = browser.get("/signup");
  CHECK(has(form, "name=\"marketing_opt_in\""));
  CHECK_FALSE(has(form, kTicked));
  CHECK(browser.post("/signup", {{"email", "news-no@example.com"}, {"password", "correct horse battery"}}).status ==
        303);
  CHECK(wants_news("news-no@example.com") == "f");
  CHECK(
      browser
          .post("/signup",
                {{"email", "news-yes@example.com"}, {"password", "correct horse battery"}, {"marketing_opt_in", "on"}})
          .status == 303);
  CHECK(wants_news("news-yes@example.com") == "t");
}

TEST_CASE("a refused sign-up keeps the tick, and a known address's owner is not signed up for news") {
  House house;
  Browser browser(house);
  browser.get("/signup");
  const Answer refused = browser.post(
      "/signup", {{"email", "news-kept@example.com"}, {"password", "password"}, {"marketing_opt_in", "on"}});
  CHECK(refused.status == 422);
  CHECK(has(refused, kTicked));
  house.sign_in("news-owner@example.com");
  CHECK(browser
            .post("/signup", {{"email", "news-owner@example.com"},
                              {"password", "correct horse battery"},
                              {"marketing_opt_in", "on"}})
            .status == 303);
  CHECK(wants_news("news-owner@example.com") == "f");
}
