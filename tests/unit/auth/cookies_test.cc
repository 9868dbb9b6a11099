#include <doctest/doctest.h>

#include "auth/cookies.h"
#include "auth/csrf.h"
#include "core/clock.h"
#include "core/crypto.h"

namespace {

// session_cookies needs an Auth for its configuration alone; no loop runs here.
struct Desk {
  core::Loop loop;
  core::BlockingPool pool{1, 1};
  core::SystemClock clock;
  pg::Db db;
  http::Client client;
  auth::Auth auth;
  explicit Desk(auth::Config config)
      : db(loop, pg::Config{core::Secret("postgres://nobody@127.0.0.1:1/none"), {}, true, 1, 1}),
        client(loop),
        auth(loop, pool, db, client, clock, std::move(config)) {}
};

auth::Config config_of(std::string site, std::string api = "https://abc.example.com") {
  auth::Config config;
  config.jwt_secret = core::Secret("a secret of at least thirty-two bytes");
  config.site_url = std::move(site);
  config.api_url = std::move(api);
  return config;
}

struct Written {
  std::string name;
  std::string value;
  std::string attributes;
};
Written parse(const std::string& set_cookie) {
  const auto equal = set_cookie.find('=');
  const auto semicolon = set_cookie.find(';');
  return {set_cookie.substr(0, equal), set_cookie.substr(equal + 1, semicolon - equal - 1),
          set_cookie.substr(semicolon)};
}

void send(http::Request& rq, const std::vector<std::string>& set_cookies) {
  std::string header;
  for (const std::string& text : set_cookies) {
    const Written cookie = parse(text);
    if (cookie.value.empty()) continue;
    header += (header.empty() ? "" : "; ") + cookie.name + "=" + cookie.value;
  }
  rq.headers.set("Cookie", header);
}

std::string session(std::size_t size) {
  return R"({"access_token":"a.b.c","refresh_token":"r1","user":{"name":")" + std::string(size, 'n') + "\"}}";
}

}  // namespace

TEST_CASE("the cookie is named after the first label of the API's host") {
  CHECK(config_of("http://x", "https://abc.example.com").cookie_name() == "sb-abc-auth-token");
  CHECK(config_of("http://x", "http://127.0.0.1:54341").cookie_name() == "sb-127-auth-token");
  CHECK(config_of("http://x", "http://localhost:3000").cookie_name() == "sb-localhost-auth-token");
  CHECK(config_of("http://x", "http://localhost:3000").issuer() == "http://localhost:3000/auth/v1");
}

TEST_CASE("a session survives the way through its cookies, whole or in chunks") {
  Desk desk(config_of("http://localhost:3000"));
  for (const std::size_t size : {0UL, 2200UL, 2300UL, 5000UL, 12000UL}) {
    CAPTURE(size);
    http::Request first;
    const auto cookies = auth::session_cookies(desk.auth, first, session(size));
    for (const std::string& cookie : cookies) CHECK(parse(cookie).value.size() <= auth::kChunk);
    CHECK((cookies.size() == 1) == (parse(cookies.front()).name == "sb-abc-auth-token"));
    http::Request second;
    send(second, cookies);
    const auto read = auth::read_session(desk.auth.config, second);
    REQUIRE(read.has_value());
    CHECK(read->access_token == "a.b.c");
    CHECK(read->refresh_token == "r1");
  }
}

TEST_CASE("a shorter session removes the chunks that are left over") {
  Desk desk(config_of("http://localhost:3000"));
  http::Request first;
  const auto big = auth::session_cookies(desk.auth, first, session(8000));
  REQUIRE(big.size() >= 3);
  http::Request second;
  send(second, big);
  const auto small = auth::session_cookies(desk.auth, second, session(10));
  REQUIRE(small.size() == 1 + big.size());
  CHECK(parse(small.front()).name == "sb-abc-auth-token");
  for (std::size_t i = 1; i < small.size(); ++i) {
    CHECK(parse(small[i]).value.empty());
    CHECK(parse(small[i]).attributes.find("Max-Age=0") != std::string::npos);
  }
  CHECK(auth::clear_session(desk.auth.config, second).size() == big.size());
}

TEST_CASE("over https the cookie is Secure and bound to its host; scripts never read it") {
  Desk plain(config_of("http://localhost:3000"));
  Desk safe(config_of("https://app.example.com"));
  http::Request rq;
  const Written open = parse(auth::session_cookies(plain.auth, rq, session(0)).front());
  CHECK(open.name == "sb-abc-auth-token");
  CHECK(open.attributes == "; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly");
  const Written closed = parse(auth::session_cookies(safe.auth, rq, session(0)).front());
  CHECK(closed.name == "__Host-sb-abc-auth-token");
  CHECK(closed.attributes == "; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly; Secure");
  auth::Config shared = config_of("https://app.example.com");
  shared.browser_cookie = true;
  Desk browser(shared);
  const Written readable = parse(auth::session_cookies(browser.auth, rq, session(0)).front());
  CHECK(readable.name == "sb-abc-auth-token");
  CHECK(readable.attributes.find("HttpOnly") == std::string::npos);
}

TEST_CASE("over https only the host's own cookie is a session; a sibling's plain one is not even read") {
  const auto read = [](const auth::Config& config, const std::string& cookies, bool https) {
    http::Request rq;
    rq.https = https;
    rq.headers.set("Cookie", cookies);
    const auto session = auth::read_session(config, rq);
    return session ? session->access_token : std::string();
  };
  const auto cookie = [](const char* token) {
    return "sb-abc-auth-token=base64-" + core::base64url(std::string(R"({"access_token":")") + token + "\"}");
  };
  const auth::Config safe = config_of("https://app.example.com");
  CHECK(read(safe, cookie("planted"), true) == "");
  CHECK(read(safe, cookie("planted"), false) == "");
  CHECK(read(safe, cookie("planted") + "; __Host-" + cookie("own"), true) == "own");
  CHECK(read(config_of("http://localhost:3000"), cookie("plain"), false) == "plain");
  CHECK(read(config_of("http://localhost:3000"), cookie("planted"), true) == "");
  auth::Config shared = safe;
  shared.browser_cookie = true;  // AUTH_BROWSER_COOKIE: written and read under the plain name
  CHECK(read(shared, cookie("plain"), true) == "plain");
  http::Request rq;
  rq.headers.set("Cookie", cookie("planted") + "; __Host-" + cookie("own"));
  CHECK(auth::clear_session(safe, rq).size() == 2);
}

TEST_CASE("the raw JSON of older clients is read, and rubbish is not") {
  const auth::Config config = config_of("http://localhost:3000");
  const auto read = [&](const std::string& value) {
    http::Request rq;
    rq.headers.set("Cookie", "sb-abc-auth-token=" + value);
    return auth::read_session(config, rq).has_value();
  };
  CHECK(read("%7B%22access_token%22%3A%22a.b.c%22%2C%22refresh_token%22%3A%22r%22%7D"));
  CHECK(read("base64-" + core::base64url(R"({"access_token":"a.b.c"})")));
  for (const char* bad : {"", "base64-", "base64-%%%", "base64-e30", "%7B", "null", "%ff%fe", "a.b.c"})
    CHECK_FALSE(read(bad));
}

TEST_CASE("a state change needs an Origin of this site") {
  const auth::Config config = config_of("https://app.example.com");
  const auto judged = [&](std::initializer_list<std::pair<const char*, const char*>> headers) {
    http::Request rq;
    rq.https = true;
    rq.headers.add("Host", "app.example.com");
    for (const auto& [name, value] : headers) rq.headers.add(name, value);
    return auth::same_origin(config, rq);
  };
  CHECK(judged({{"Origin", "https://app.example.com"}}));
  CHECK(judged({{"Referer", "https://app.example.com/login?x"}}));
  CHECK(judged({{"Origin", "https://app.example.com"}, {"Sec-Fetch-Site", "same-origin"}}));
  CHECK_FALSE(judged({}));
  CHECK_FALSE(judged({{"Origin", "null"}}));
  CHECK_FALSE(judged({{"Origin", "http://app.example.com"}}));
  CHECK_FALSE(judged({{"Origin", "https://app.example.com.evil.example"}}));
  CHECK_FALSE(judged({{"Origin", "https://evil.example"}, {"Referer", "https://app.example.com/"}}));
  CHECK_FALSE(judged({{"Referer", "https://evil.example/https://app.example.com/"}}));
  CHECK_FALSE(judged({{"Origin", "https://app.example.com"}, {"Sec-Fetch-Site", "cross-site"}}));
  CHECK_FALSE(judged({{"Origin", "https://app.example.com"}, {"Sec-Fetch-Site", "same-site"}}));
}

TEST_CASE("the page's token is compared as a whole, in the header or the form") {
  const auth::Config config = config_of("http://localhost:3000");
  const std::string token = auth::csrf_token(config, core::SessionId::random());
  CHECK(token != auth::csrf_token(config, core::SessionId::random()));
  const auto judged = [&](const std::string& header, const std::string& field, const std::string& expected) {
    http::Request rq;
    rq.method = http::Method::post;
    if (!header.empty()) rq.headers.add("X-CSRF-Token", header);
    rq.headers.add("Content-Type", "application/x-www-form-urlencoded");
    rq.body = "_csrf=" + field;
    return auth::check_csrf(rq, expected) == auth::Csrf::good;
  };
  CHECK(judged(token, "", token));
  CHECK(judged("", token, token));
  CHECK_FALSE(judged("", "", token));
  CHECK_FALSE(judged("", "", ""));
  CHECK_FALSE(judged("", token.substr(1), token));
  CHECK_FALSE(judged("wrong", token, token));
}
