#include <doctest/doctest.h>

#include "access/csrf.h"
#include "access/session_cookie.h"
#include "core/clock.h"
#include "core/crypto.h"

namespace {

access_control::Config config_of(std::string site, std::string api = "https://abc.example.com") {
  access_control::Config config;
  config.secret = core::Secret("a secret of at least thirty-two bytes");
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
}

TEST_CASE("a session survives the way through its cookies, whole or in chunks") {
  const access_control::Config desk = config_of("http://localhost:3000");
  for (const std::size_t size : {0UL, 2200UL, 2300UL, 5000UL, 12000UL}) {
    CAPTURE(size);
    http::Request first;
    const auto cookies = access_control::session_cookies(desk, first, session(size));
    for (const std::string& cookie : cookies) CHECK(parse(cookie).value.size() <= access_control::kChunk);
    CHECK((cookies.size() == 1) == (parse(cookies.front()).name == "sb-abc-auth-token"));
    http::Request second;
    send(second, cookies);
    const auto read = access_control::read_session(desk, second);
    REQUIRE(read.has_value());
    CHECK(read->access_token == "a.b.c");
    CHECK(read->refresh_token == "r1");
  }
}

TEST_CASE("a shorter session removes the chunks that are left over") {
  const access_control::Config desk = config_of("http://localhost:3000");
  http::Request first;
  const auto big = access_control::session_cookies(desk, first, session(8000));
  REQUIRE(big.size() >= 3);
  http::Request second;
  send(second, big);
  const auto small = access_control::session_cookies(desk, second, session(10));
  REQUIRE(small.size() == 1 + big.size());
  CHECK(parse(small.front()).name == "sb-abc-auth-token");
  for (std::size_t i = 1; i < small.size(); ++i) {
    CHECK(parse(small[i]).value.empty());
    CHECK(parse(small[i]).attributes.find("Max-Age=0") != std::string::npos);
  }
  CHECK(access_control::clear_session(desk, second).size() == big.size());
}

TEST_CASE("over https the cookie is Secure and bound to its host; scripts never read it") {
  const access_control::Config plain = config_of("http://localhost:3000");
  const access_control::Config safe = config_of("https://app.example.com");
  http::Request rq;
  const Written open = parse(access_control::session_cookies(plain, rq, session(0)).front());
  CHECK(open.name == "sb-abc-auth-token");
  CHECK(open.attributes == "; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly");
  const Written closed = parse(access_control::session_cookies(safe, rq, session(0)).front());
  CHECK(closed.name == "__Host-sb-abc-auth-token");
  CHECK(closed.attributes == "; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly; Secure");
  access_control::Config shared = config_of("https://app.example.com");
  shared.browser_cookie = true;
  const access_control::Config browser = shared;
  const Written readable = parse(access_control::session_cookies(browser, rq, session(0)).front());
  CHECK(readable.name == "sb-abc-auth-token");
  CHECK(readable.attributes.find("HttpOnly") == std::string::npos);
}

TEST_CASE("over https only the host's own cookie is a session; a sibling's plain one is not even read") {
  const auto read = [](const access_control::Config& config, const std::string& cookies, bool https) {
    http::Request rq;
    rq.https = https;
    rq.headers.set("Cookie", cookies);
    const auto session = access_control::read_session(config, rq);
    return session ? session->access_token : std::string();
  };
  const auto cookie = [](const char* token) {
    return "sb-abc-auth-token=base64-" + core::base64url(std::string(R"({"access_token":")") + token + "\"}");
  };
  const access_control::Config safe = config_of("https://app.example.com");
  CHECK(read(safe, cookie("planted"), true) == "");
  CHECK(read(safe, cookie("planted"), false) == "");
  CHECK(read(safe, cookie("planted") + "; __Host-" + cookie("own"), true) == "own");
  CHECK(read(config_of("http://localhost:3000"), cookie("plain"), false) == "plain");
  CHECK(read(config_of("http://localhost:3000"), cookie("planted"), true) == "");
  access_control::Config shared = safe;
  shared.browser_cookie = true;  // AUTH_BROWSER_COOKIE: written and read under the plain name
  CHECK(read(shared, cookie("plain"), true) == "plain");
  http::Request rq;
  rq.headers.set("Cookie", cookie("planted") + "; __Host-" + cookie("own"));
  CHECK(access_control::clear_session(safe, rq).size() == 2);
}

TEST_CASE("the raw JSON of older clients is read, and rubbish is not") {
  const access_control::Config config = config_of("http://localhost:3000");
  const auto read = [&](const std::string& value) {
    http::Request rq;
    rq.headers.set("Cookie", "sb-abc-auth-token=" + value);
    return access_control::read_session(config, rq).has_value();
  };
  CHECK(read("%7B%22access_token%22%3A%22a.b.c%22%2C%22refresh_token%22%3A%22r%22%7D"));
  CHECK(read("base64-" + core::base64url(R"({"access_token":"a.b.c"})")));
  for (const char* bad : {"", "base64-", "base64-%%%", "base64-e30", "%7B", "null", "%ff%fe", "a.b.c"})
    CHECK_FALSE(read(bad));
}

TEST_CASE("a state change needs an Origin of this site") {
  const access_control::Config config = config_of("https://app.example.com");
  const auto judged = [&](std::initializer_list<std::pair<const char*, const char*>> headers) {
    http::Request rq;
    rq.https = true;
    rq.headers.add("Host", "app.example.com");
    for (const auto& [name, value] : headers) rq.headers.add(name, value);
    return access_control::same_origin(config, rq);
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
  const access_control::Config config = config_of("http://localhost:3000");
  const std::string token = access_control::csrf_token(config, core::SessionId::random());
  CHECK(token != access_control::csrf_token(config, core::SessionId::random()));
  const auto judged = [&](const std::string& header, const std::string& field, const std::string& expected) {
    http::Request rq;
    rq.method = http::Method::post;
    if (!header.empty()) rq.headers.add("X-CSRF-Token", header);
    rq.headers.add("Content-Type", "application/x-www-form-urlencoded");
    rq.body = "_csrf=" + field;
    return access_control::check_csrf(rq, expected) == access_control::Csrf::good;
  };
  CHECK(judged(token, "", token));
  CHECK(judged("", token, token));
  CHECK_FALSE(judged("", "", token));
  CHECK_FALSE(judged("", "", ""));
  CHECK_FALSE(judged("", token.substr(1), token));
  CHECK_FALSE(judged("wrong", token, token));
}
