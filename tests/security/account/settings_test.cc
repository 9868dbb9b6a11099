// The profile and notification settings, as strangers and forgers use them.
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

TEST_CASE("settings belong to the signed-in: no session goes to the sign-in, no page token is refused") {
  AuthApp app;
  for (const char* path : {"/app/settings", "/app/settings/notifications"}) {
    CHECK(app.call(Method::get, path).status == 303);
    CHECK(app.call(Method::post, path, {{"Content-Type", "application/x-www-form-urlencoded"}}, "display_name=x")
              .status == 303);
  }
}

TEST_CASE("users change their own name and notification settings, and nobody else's") {
  AuthApp app;
  const core::Json ada = app.sign_in("settings@example.com");
  const core::Json bob = app.sign_in("settings2@example.com");
  const std::string me = ada["user"]["id"].string_or("");
  const Pairs headers{{"Authorization", "Bearer " + ada["access_token"].string_or("")},
                      {"Content-Type", "application/x-www-form-urlencoded"},
                      {"Accept", "text/html"}};
  const Answer page = app.call(Method::get, "/app/settings/notifications", headers);
  CHECK(page.status == 200);
  CHECK(page.body.find("name=\"email_job_completed\" type=\"checkbox\" value=\"on\" checked") != std::string::npos);
  CHECK(page.body.find("name=\"marketing_opt_in\" type=\"checkbox\" value=\"on\" checked") == std::string::npos);
  const Answer renamed = app.call(Method::post, "/app/settings", headers, form({{"display_name", "  Ada <b>  "}}));
  CHECK(renamed.status == 303);
  CHECK(cell("select display_name from public.profiles where id = '" + me + "'") == "Ada <b>");
  CHECK(app.call(Method::get, "/app/settings", headers).body.find("Ada &lt;b&gt;") != std::string::npos);
  CHECK(app.call(Method::post, "/app/settings", headers, form({{"display_name", std::string(101, 'x')}})).status ==
        422);
  CHECK(app.call(Method::post, "/app/settings", headers, form({{"display_name", "a\nb"}})).status == 422);

  const Answer saved = app.call(
      Method::post, "/app/settings/notifications", headers,
      form({{"marketing_opt_in", "on"}, {"email_job_failed", "on"}, {"user_id", bob["user"]["id"].string_or("")}}));
  CHECK(saved.status == 303);
  CHECK(saved.headers.get("Location") == "/app/settings/notifications?notice=account.notifications");
  CHECK(cell("select concat(email_job_completed, email_job_failed, email_credits_low, marketing_opt_in) from "
             "public.user_notification_prefs where user_id = '" +
             me + "'") == "ftft");
  CHECK(cell("select count(*) from public.user_notification_prefs where user_id = '" + bob["user"]["id"].string_or("") +
             "'") == "0");
  const Answer after = app.call(Method::get, "/app/settings/notifications", headers);
  CHECK(after.body.find("name=\"marketing_opt_in\" type=\"checkbox\" value=\"on\" checked") != std::string::npos);
  CHECK(after.body.find("name=\"email_job_completed\" type=\"checkbox\" value=\"on\" checked") == std::string::npos);
}
