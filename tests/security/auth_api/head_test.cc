// A HEAD looks, and changes nothing (docs/spec/security.md 4.4): mail scanners and link previews send it.
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

TEST_CASE("a HEAD redeems no link, sends no mail and begins no flow") {
  AuthApp app([](Config& config) {
    config.oauth.providers.push_back(github());
    config.auth_api.manual_linking = true;
  });
  const auto head = [&](const std::string& target, const std::string& bearer = "") {
    return app.call(Method::head, target, app.api_headers(app.anon, bearer));
  };
  app.post("/signup?redirect_to=http%3A%2F%2Flocalhost%3A3000%2Fteam",
           R"({"email":"head-a@example.com","password":"correct horse battery"})");
  const AuthApp::Mail mail = app.mail("head-a@example.com");
  const std::string link = mail.url.substr(mail.url.find("/auth/v1/"));
  CHECK(head(link).status == 405);
  CHECK(std::string(head(link).headers.get("Allow")) == "GET, POST, OPTIONS");
  CHECK(std::string(app.call(Method::get, link).headers.get("Location")).find("access_token=") != std::string::npos);

  const std::string access = app.sign_in("head-b@example.com")["access_token"].string_or("");
  CHECK(head("/auth/v1/reauthenticate", access).status == 405);
  CHECK(app.mails("head-b@example.com") == 0);
  const std::string flows = "select count(*) from auth.flow_state where provider_type = 'github'";
  const std::string before = cell(flows);
  for (const char* target : {"/auth/v1/authorize?provider=github", "/login/with/github",
                             "/auth/v1/user/identities/authorize?provider=github", "/login/callback?code=x",
                             "/auth/v1/callback?state=11111111-1111-4111-8111-111111111111"}) {
    CAPTURE(target);
    CHECK(head(target, access).status == 405);
  }
  CHECK(cell(flows) == before);
  CHECK(app.call(Method::get, "/auth/v1/authorize?provider=github").status == 302);
  CHECK(cell(flows) != before);
}
