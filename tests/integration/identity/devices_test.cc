// Where one is signed in, and what a sign-in from a new device sets off.
#include "identity/devices.h"

#include "identity/accounts.h"

#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

constexpr const char* kChrome =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36";
constexpr const char* kPhone =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1";

Answer sign_in(AuthApp& app, const std::string& address, const char* agent, const std::string& device = "") {
  Pairs headers = app.api_headers(app.anon, "");
  headers.emplace_back("User-Agent", agent);
  if (!device.empty()) headers.emplace_back("Cookie", "tenon-device=" + device);
  return app.call(Method::post, "/auth/v1/token?grant_type=password", headers,
                  R"({"email":")" + address + R"(","password":"correct horse battery"})");
}

int letters(const std::string& address) {
  return std::stoi(
      cell("select count(*) from public.email_log where kind = 'new_sign_in' and to_email = '" + address + "'"));
}

}  // namespace

TEST_CASE("a browser is named by what it is, not by its ancestors") {
  using identity::parse_user_agent;
  CHECK(parse_user_agent(kChrome).browser == "Chrome");
  CHECK(parse_user_agent(kChrome).system == "Windows");
  CHECK(parse_user_agent(kPhone).browser == "Safari");
  CHECK(parse_user_agent(kPhone).system == "iPhone");
  CHECK(parse_user_agent("Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0 Safari/537.36 Edg/131.0").browser == "Edge");
  CHECK(parse_user_agent("node").browser.empty());
}

TEST_CASE("the first device is met silently, a new one is told by mail once, a known one not again") {
  AuthApp app;
  app.sign_in("doris@example.com");
  CHECK(letters("doris@example.com") == 0);
  CHECK(sign_in(app, "doris@example.com", kChrome).status == 200);
  CHECK(letters("doris@example.com") == 1);
  CHECK(sign_in(app, "doris@example.com", kChrome).status == 200);
  CHECK(letters("doris@example.com") == 1);
  const std::string extra = cell(
      "select o.payload::text from tenon.outbox o join public.email_log e on e.id = (o.payload->>'email_log_id')::uuid "
      "where e.kind = 'new_sign_in' and e.to_email = 'doris@example.com'");
  CHECK(core::Json::parse(extra).value_or(core::Json())["browser"].string_or("") == "Chrome");
  CHECK(core::Json::parse(extra).value_or(core::Json())["system"].string_or("") == "Windows");
  CHECK(extra.find("198.51.100.7") != std::string::npos);
}

TEST_CASE("a browser with another cookie is another device, though it is of the same kind") {
  AuthApp app;
  app.sign_in("dirk@example.com");
  const std::string one(32, 'a'), two(32, 'b');
  sign_in(app, "dirk@example.com", kChrome, one);
  CHECK(letters("dirk@example.com") == 1);
  sign_in(app, "dirk@example.com", kPhone, one);  // the same browser, under another name
  CHECK(letters("dirk@example.com") == 1);
  sign_in(app, "dirk@example.com", kChrome, two);
  CHECK(letters("dirk@example.com") == 2);
}

TEST_CASE("nobody ends another's session, and the devices that are remembered stay few") {
  AuthApp app;
  const core::Json dana = app.sign_in("dana@example.com");
  const core::Json dave = app.sign_in("dave@example.com");
  const auto user = [](const core::Json& session) { return *core::UserId::parse(session["user"]["id"].string_or("")); };
  const auto list = app.loop.run_until(identity::list_devices(app.identity(), user(dana)));
  REQUIRE(list.size() == 1);
  CHECK_FALSE(app.loop.run_until(identity::sign_out_device(app.identity(), user(dave), list[0].session, {})));
  CHECK(app.get("/user", dana["access_token"].string_or("")).status == 200);
  CHECK(app.loop.run_until(identity::sign_out_device(app.identity(), user(dana), list[0].session, {})));
  CHECK(app.get("/user", dana["access_token"].string_or("")).code() == "session_not_found");
  for (int i = 0; i < 60; ++i) {
    std::string device(32, 'c');
    device[0] = static_cast<char>('a' + i % 26);
    device[1] = static_cast<char>('a' + i / 26);
    sign_in(app, "dave@example.com", kChrome, device);
  }
  CHECK(std::stoi(cell("select count(*) from tenon.known_devices where user_id = '" + user(dave).str() + "'")) <= 51);
}

TEST_CASE("a password that was reset forgets the devices that the old one was used on") {
  AuthApp app;
  app.sign_in("dolores@example.com");
  const std::string device(32, 'k');
  CHECK(sign_in(app, "dolores@example.com", kChrome, device).status == 200);
  const auto known = [&] {
    return app.loop.run_until(identity::is_known_device(app.identity(), "dolores@example.com",
                                                        identity::ClientInfo{"198.51.100.7", kChrome, device}));
  };
  CHECK(known());
  CHECK(app.post("/recover", R"({"email":"dolores@example.com"})").status == 200);
  const std::string token = app.mail("dolores@example.com", "recovery").token;
  app.loop.run_until(identity::reset_password(app.identity(), token, "another horse battery",
                                              identity::ClientInfo{"198.51.100.7", kPhone, ""}));
  CHECK_FALSE(known());
}
