#include "http/parse/target.h"

#include <doctest/doctest.h>

using http::Method;
using http::parse::parse_target;

namespace {
std::string path_of(std::string_view target) {
  const auto parsed = parse_target(Method::get, target, "a.example:80");
  return parsed ? parsed->path : std::to_string(parsed.error().status);
}
}  // namespace

TEST_CASE("a path is decoded once and checked as UTF-8") {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a%20b", "/a b"},
      {"/a+b", "/a+b"},
      {"/caf%C3%A9", "/caf\xc3\xa9"},
      {"/%2541", "/%41"},
      {"/%252e%252e/", "/%2e%2e/"},
      {"/a;v=1", "/a;v=1"},
      {"/a|b[1]", "/a|b[1]"},
      {"//a", "//a"},
      {"/a/.../b", "/a/.../b"},
      {"/a/.b", "/a/.b"},
      {"/%00", "400"},
      {"/a%0Ab", "400"},
      {"/a%2Fb", "400"},
      {"/a%2fb", "400"},
      {"/a%5Cb", "400"},
      {"/a\\b", "400"},
      {"/..", "400"},
      {"/a/../b", "400"},
      {"/a/./b", "400"},
      {"/a/%2e%2e/b", "400"},
      {"/a/.%2E", "400"},
      {"/%C0%AF", "400"},
      {"/%E0%80%AF", "400"},
      {"/%ED%A0%80", "400"},
      {"/%FF", "400"},
      {"/%", "400"},
      {"/%4", "400"},
      {"/%zz", "400"},
      {"/a#b", "400"},
      {"/caf\xc3\xa9", "400"},
      {"/a\"b", "400"},
      {"/<a>", "400"},
      {"a", "400"},
      {"*", "400"},
      {"http://a.example:80/x", "/x"},
      {"HTTP://A.EXAMPLE:80", "/"},
      {"http://b.example/x", "400"},
      {"ftp://a.example:80/x", "400"},
      {"http://u@a.example:80/x", "400"},
  };
  for (const auto& [target, expected] : cases) {
    CAPTURE(target);
    CHECK(path_of(target) == expected);
  }
  CHECK(parse_target(Method::options, "*", "a")->path == "*");
}

TEST_CASE("a query is pairs in order, plus is a space, and bad escapes are refused") {
  const auto parsed = parse_target(Method::get, "/p?a=1&b=x+y%2Bz&a=2&c&=d&&e=%C3%A9", "a");
  REQUIRE(parsed);
  const http::parse::Pairs expected{{"a", "1"}, {"b", "x y+z"}, {"a", "2"}, {"c", ""}, {"", "d"}, {"e", "\xc3\xa9"}};
  CHECK(parsed->queries == expected);
  for (const char* bad : {"/?a=%", "/?a=%G1", "/?a=%00", "/?%FF=1", "/?a=\xff", "/?a#b"}) {
    CAPTURE(bad);
    CHECK(parse_target(Method::get, bad, "a").error().status == 400);
  }
}

TEST_CASE("a query holds at most 500 parameters") {
  std::string query = "/?a=1";
  for (int i = 1; i < 500; ++i) query += "&a=1";
  CHECK(parse_target(Method::get, query, "a")->queries.size() == 500);
  CHECK(parse_target(Method::get, query + "&a=1", "a").error().status == 414);
}

TEST_CASE("the path a refused target states is cut where it ends") {
  CHECK(http::parse::stated_path("/rest/v1/x?select=*") == "/rest/v1/x");
  CHECK(http::parse::stated_path("/auth/v1/user HTTP/1.1\r\nHost: a") == "/auth/v1/user");
  CHECK(http::parse::stated_path("/rest/v1/" + std::string(40, 'a')) == "/rest/v1/" + std::string(40, 'a'));
  CHECK(http::parse::stated_path("") == "");
}
