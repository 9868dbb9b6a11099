#include <doctest/doctest.h>

#include "access/redirect_allowlist.h"

TEST_CASE("next is a path of this site as a browser reads it, or the default") {
  for (const char* good : {"/app", "/app/projects?status=ready&q=a%20b", "/app#jobs", "/", "/app?next=//evil.example"})
    CHECK(access_control::safe_next(good) == good);
  for (const char* bad : {"",
                          "app",
                          "//evil.example",
                          "///evil.example",
                          "/\\evil.example",
                          "\\\\evil.example",
                          "/\t/evil.example",
                          "\t//evil.example",
                          "/\n/evil.example",
                          " //evil.example",
                          "https://evil.example",
                          "HTTPS:evil.example",
                          "javascript:alert(1)",
                          "data:text/html,x",
                          "/app\r\nSet-Cookie: a=b",
                          "/a//b",
                          "/.//evil.example",
                          "/..//evil.example",
                          "/app/\x01",
                          "/\xc3\xa9",
                          "@evil.example",
                          "?x",
                          "#x"}) {
    CAPTURE(bad);
    CHECK(access_control::safe_next(bad) == "/app");
    CHECK(access_control::safe_next(bad, "") == "");
  }
  CHECK(access_control::safe_next("/" + std::string(3000, 'a')) == "/app");
}

TEST_CASE("redirect_to is the site's own origin or fits the list") {
  access_control::Config config;
  config.site_url = "https://app.example.com";
  config.redirects = {"https://*.preview.example.com/**", "myapp://callback", "http://10.0.0.1/**"};
  const auto target = [&](std::string_view asked) { return access_control::redirect_target(config, asked); };
  for (const char* good : {"https://app.example.com/welcome?x=1", "HTTPS://APP.EXAMPLE.COM/x",
                           "https://app.example.com:443/x", "https://a.preview.example.com/b/c", "myapp://callback"})
    CHECK(target(good) == good);
  for (const char* bad :
       {"http://app.example.com/x", "https://app.example.com:8443/x", "https://app.example.com.evil.example/",
        "//app.example.com", "https://app.example.com@evil.example/", "https://evil.example\\@app.example.com/",
        "https://evil.example/app.example.com", "https://a.b.preview.example.com/",
        "https://evil.example/.preview.example.com/x", "https://app.example.com /x", "myapp://callback/x",
        "http://10.0.0.1/x", "javascript://app.example.com/%0aalert(1)", "", "https://", "https:///x"}) {
    CAPTURE(bad);
    CHECK(target(bad) == config.site_url);
  }
}

TEST_CASE("a star of the list's host never reaches past the host") {
  access_control::Config config;
  config.site_url = "https://app.example.com";
  config.redirects = {"https://*.one.com/**", "https://**.two.com/**", "https://p?.three.com/x",
                      "https://four.com:*/**", "myapp://**"};
  const auto target = [&](std::string_view asked) { return access_control::redirect_target(config, asked); };
  for (const char* good : {"https://a.one.com/b?c=d#e", "https://A.ONE.com/", "https://a.b.two.com/c",
                           "https://p7.three.com/x", "https://four.com:8080/x", "myapp://callback", "myapp://a/b"})
    CHECK(target(good) == good);
  for (const char* bad : {"https://evil?.one.com/x", "https://evil#.one.com/x", "https://evil.com?.one.com/",
                          "https://evil.com/.two.com/", "https://evil.com/a/.two.com/b", "https://evil.com?.two.com/",
                          "https://evil.com#.two.com/", "https://one.com/x", "https://a.one.com",
                          "https://p/.three.com/x", "https://p?.three.com/x", "https://four.com/:x/y"}) {
    CAPTURE(bad);
    CHECK(target(bad) == config.site_url);
  }
  config.redirects = {"https://**"};
  CHECK(target("https://any.example/x") == "https://any.example/x");
  CHECK(target("http://any.example/x") == config.site_url);
}

TEST_CASE("on localhost any port is the site's own, and never another address") {
  access_control::Config config;
  config.site_url = "http://localhost:3000";
  config.redirects = {"**"};
  CHECK(access_control::redirect_target(config, "http://localhost:5173/x") == "http://localhost:5173/x");
  CHECK(access_control::redirect_target(config, "http://2130706433/") == config.site_url);
  CHECK(access_control::redirect_target(config, "http://0x7f.1/") == config.site_url);
  CHECK(access_control::redirect_target(config, "http://192.168.0.7/") == config.site_url);
  CHECK(access_control::redirect_target(config, "http://[::2]/") == config.site_url);
}

TEST_CASE("one star stays within a label, two cross") {
  CHECK(access_control::matches_glob("https://*.x.com", "https://a.x.com"));
  CHECK_FALSE(access_control::matches_glob("https://*.x.com", "https://a.b.x.com"));
  CHECK(access_control::matches_glob("https://**.x.com", "https://a.b.x.com"));
  CHECK(access_control::matches_glob("a?c", "abc"));
  CHECK_FALSE(access_control::matches_glob("a?c", "ac"));
  CHECK_FALSE(access_control::matches_glob("", "a"));
  CHECK(access_control::matches_glob("***", ""));
  CHECK_FALSE(access_control::matches_glob(std::string(60, '*') + "b", std::string(1000, 'a')));
}
