// Session extras: data that app/ has loaded in parallel with the session check.
#include "html/banner.h"
#include "support/auth_app.h"

using namespace auth_test;

namespace {

struct Visit {
  std::vector<html::Banner> banners;
  bool refused = false;
};

// A browser's GET of a page of the app, through a guard with these extras.
Visit visit(AuthApp& app, const Browser& browser, access_control::SessionExtras extras) {
  access_control::Guard guard(app.loop, app.clock, app.credentials(), app.access(), std::move(extras));
  http::Request rq;
  rq.path = rq.target = rq.route = "/app";
  rq.headers.add("Host", "localhost:3000");
  rq.headers.add("Cookie", browser.cookie_header());
  rq.headers.add("Accept", "text/html");
  const auto refusal = app.loop.run_until(guard.admit(rq, http::Access::user));
  return {html::banners(rq), refusal.has_value()};
}

Browser signed_in(AuthApp& app, const std::string& address) {
  app.sign_in(address);
  Browser browser(app);
  browser.get("/login");
  REQUIRE(browser.post("/login", {{"email", address}, {"password", "correct horse battery"}}).status == 303);
  return browser;
}

constexpr pg::Sql kOne{"test.beside_one", "select 1::bigint"};

}  // namespace

TEST_CASE("what is asked beside a session is there when the page begins, and is told for whom") {
  AuthApp app;
  const Browser browser = signed_in(app, "beside-a@example.com");
  const std::string id = cell("select id from auth.users where email = 'beside-a@example.com'");
  const Visit seen = visit(app, browser, [&](http::Request& rq, core::UserId user) -> core::Task<> {
    const auto one = co_await app.db().as(user).one<std::int64_t>(kOne);
    html::set_banners(rq, {{"warn", user.str(), std::nullopt, "", one == 1 ? "asked" : ""}});
  });
  CHECK_FALSE(seen.refused);
  REQUIRE(seen.banners.size() == 1);
  CHECK(seen.banners[0].text == id);
  CHECK(seen.banners[0].action == "asked");
}

TEST_CASE("a session that is over is told nothing, and one without a person asks nobody") {
  AuthApp app;
  const Browser browser = signed_in(app, "beside-b@example.com");
  int asked = 0;
  const auto tell = [&](http::Request& rq, core::UserId) -> core::Task<> {
    ++asked;
    html::set_banners(rq, {{"warn", "x", std::nullopt, "", ""}});
    co_return;
  };
  rows("delete from auth.sessions s using auth.users u where u.id = s.user_id and u.email = 'beside-b@example.com'");
  const Visit over = visit(app, browser, tell);
  CHECK(over.refused);
  CHECK(over.banners.empty());
  CHECK(asked == 1);
  CHECK(visit(app, Browser(app), tell).refused);
  CHECK(asked == 1);
}

TEST_CASE("what fails beside a session refuses nobody") {
  AuthApp app;
  const Browser browser = signed_in(app, "beside-c@example.com");
  const Visit seen = visit(app, browser, [&](http::Request&, core::UserId user) -> core::Task<> {
    co_await app.db().as(user).one<std::int64_t>(kOne);
    throw std::runtime_error("the question failed");
  });
  CHECK_FALSE(seen.refused);
  CHECK(seen.banners.empty());
}

TEST_CASE("what takes longer than the session and its grace is cancelled and left out") {
  AuthApp app;
  const Browser browser = signed_in(app, "beside-d@example.com");
  bool cancelled = false;
  const auto began = std::chrono::steady_clock::now();
  const Visit seen = visit(app, browser, [&](http::Request& rq, core::UserId) -> core::Task<> {
    const bool slept = co_await core::sleep_for(std::chrono::seconds(30));  // longer than any grace
    cancelled = !slept;
    if (slept) html::set_banners(rq, {{"warn", "x", std::nullopt, "", ""}});
  });
  CHECK_FALSE(seen.refused);
  CHECK(seen.banners.empty());
  CHECK(cancelled);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
}
