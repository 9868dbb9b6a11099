#include "http/parse/head.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using http::parse::HeadScanner;

namespace {

// The status the server would answer to these bytes: 200 for a head that passes, 0 for one that is not whole yet.
int judge(std::string_view bytes) {
  HeadScanner scanner;
  const auto state = scanner.scan(bytes);
  if (state == HeadScanner::State::more) return 0;
  if (state == HeadScanner::State::refused) return scanner.refusal().status;
  const auto head = http::parse::parse_head(bytes.substr(scanner.begin(), scanner.end() - scanner.begin()));
  return head ? 200 : head.error().status;
}

std::string get(std::string_view headers) {
  return "GET / HTTP/1.1\r\nHost: a.example\r\n" + std::string(headers) + "\r\n";
}
std::string post(std::string_view headers) {
  return "POST / HTTP/1.1\r\nHost: a.example\r\n" + std::string(headers) + "\r\n";
}

struct Case {
  const char* what;
  std::string bytes;
  int status;
};

void hold(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(judge(one.bytes) == one.status);
    // The same bytes one at a time must be judged the same: nothing depends on how they were cut.
    HeadScanner scanner;
    auto state = HeadScanner::State::more;
    for (std::size_t n = 1; n <= one.bytes.size() && state == HeadScanner::State::more && one.bytes.size() < 3000; ++n)
      state = scanner.scan(std::string_view{one.bytes}.substr(0, n));
    if (one.bytes.size() < 3000) {
      CHECK((state == HeadScanner::State::more) == (one.status == 0));
      CHECK((state == HeadScanner::State::refused && one.status == 200) == false);
    }
  }
}

}  // namespace

TEST_CASE("a request line is method, one space, target, one space, version") {
  hold({
      {"plain", get(""), 200},
      {"1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 200},
      {"every method: HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"PUT", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"PATCH", "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"DELETE", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"one empty line before is skipped", "\r\n" + get(""), 200},
      {"two empty lines are not", "\r\n\r\n" + get(""), 400},
      {"not whole", "GET / HTTP/1.1\r\nHost: a\r\n", 0},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"trailing space", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"no version (0.9)", "GET /\r\n\r\n", 400},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"lower-case protocol", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"nonsense version", "GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400},
      {"long version", "GET / HTTP/1.11\r\nHost: a\r\n\r\n", 400},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"HTTP/3.0", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"an odd method", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"TLS client hello", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
  });
}

TEST_CASE("TRACE and CONNECT are not allowed, other methods not implemented, in exact case") {
  hold({
      {"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405},
      {"BREW", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"PROPFIND", "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"get", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
  });
}

TEST_CASE("a line ends in CRLF and holds no control byte") {
  hold({
      {"bare LF in the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare CR inside a value", get("X: a\rb\r\n"), 400},
      {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
      {"NUL in a value", get(std::string("X: a\0b\r\n", 8)), 400},
      {"NUL in the target", std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 27), 400},
      {"escape byte", get("X: \x1b[31m\r\n"), 400},
      {"DEL", get("X: \x7f\r\n"), 400},
      {"vertical tab", get("X: a\x0b\r\n"), 400},
      {"a tab inside a value is fine", get("X: a\tb\r\n"), 200},
      {"bytes above 127 are fine in a value", get("X: caf\xc3\xa9\r\n"), 200},
  });
}

TEST_CASE("a header is a token, a colon at once, and a value; never folded") {
  hold({
      {"folded with a space", get("X: a\r\n b\r\n"), 400},
      {"folded with a tab", get("X: a\r\n\tb\r\n"), 400},
      {"a first header that is folded", "GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n", 400},
      {"space before the colon", get("X : a\r\n"), 400},
      {"tab before the colon", get("X\t: a\r\n"), 400},
      {"space before Content-Length's colon", post("Content-Length : 5\r\n"), 400},
      {"no colon", get("nonsense\r\n"), 400},
      {"no name", get(": a\r\n"), 400},
      {"name with a slash", get("a/b: c\r\n"), 400},
      {"name with brackets", get("a[b]: c\r\n"), 400},
      {"name with a high byte", get("\xc3\xa9: c\r\n"), 400},
      {"empty value", get("X:\r\n"), 200},
      {"no blank after the colon", get("X:a\r\n"), 200},
      {"blanks around the value", get("X: \t a \t\r\n"), 200},
  });
}

TEST_CASE("there is exactly one Host, of host[:port] syntax") {
  const auto host = [](std::string_view value) { return "GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n"; };
  hold({
      {"missing", "GET / HTTP/1.1\r\n\r\n", 400},
      {"missing in 1.0", "GET / HTTP/1.0\r\n\r\n", 400},
      {"twice", get("Host: a.example\r\n"), 400},
      {"twice in other case", get("hOST: b\r\n"), 400},
      {"empty", host(""), 400},
      {"port", host("a.example:8080"), 200},
      {"address", host("127.0.0.1:3000"), 200},
      {"bracketed address", host("[::1]:3000"), 200},
      {"bracketed without port", host("[2001:db8::1]"), 200},
      {"underscore", host("my_service"), 200},
      {"port too large", host("a:65536"), 400},
      {"port of letters", host("a:http"), 400},
      {"empty port", host("a:"), 400},
      {"two ports", host("a:1:2"), 400},
      {"a list", host("a, b"), 400},
      {"a space", host("a b"), 400},
      {"userinfo", host("user@a"), 400},
      {"a path", host("a/b"), 400},
      {"a scheme", host("http://a"), 400},
      {"an unclosed bracket", host("[::1"), 400},
      {"a percent", host("a%00b"), 400},
      {"only a port", host(":80"), 400},
  });
}

TEST_CASE("a body has exactly one framing") {
  const std::string both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
  hold({
      {"length", post("Content-Length: 5\r\n"), 200},
      {"zero", post("Content-Length: 0\r\n"), 200},
      {"chunked", post("Transfer-Encoding: chunked\r\n"), 200},
      {"chunked in other case", post("transfer-encoding: Chunked\r\n"), 200},
      {"both", post(both), 400},
      {"both, other order", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), 400},
      {"both with length 0", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {"two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {"a list of lengths", post("Content-Length: 5, 5\r\n"), 400},
      {"plus", post("Content-Length: +5\r\n"), 400},
      {"minus", post("Content-Length: -5\r\n"), 400},
      {"hex", post("Content-Length: 0x5\r\n"), 400},
      {"a fraction", post("Content-Length: 5.0\r\n"), 400},
      {"empty length", post("Content-Length:\r\n"), 400},
      {"blank inside", post("Content-Length: 5 5\r\n"), 400},
      {"overflow", post("Content-Length: 18446744073709551616\r\n"), 400},
      {"overflow to five", post("Content-Length: 18446744073709551621\r\n"), 400},
      {"gzip", post("Transfer-Encoding: gzip\r\n"), 501},
      {"identity", post("Transfer-Encoding: identity\r\n"), 501},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n"), 501},
      {"chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n"), 501},
      {"repeated", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"repeated with identity", post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 501},
      {"with a parameter", post("Transfer-Encoding: chunked;a=b\r\n"), 501},
      {"xchunked", post("Transfer-Encoding: xchunked\r\n"), 501},
      {"quoted", post("Transfer-Encoding: \"chunked\"\r\n"), 501},
      {"empty coding", post("Transfer-Encoding:\r\n"), 501},
      {"a vertical tab before chunked",
       post("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       400},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"a name that only looks like it", post("Transfer_Encoding: chunked\r\nContent-Length: 3\r\n"), 200},
  });
}

TEST_CASE("only the expectation 100-continue can be met") {
  hold({
      {"100-continue", post("Expect: 100-continue\r\nContent-Length: 3\r\n"), 200},
      {"other", post("Expect: 200-ok\r\n"), 417},
      {"list", post("Expect: 100-continue, x\r\n"), 417},
  });
}

TEST_CASE("what is too long or too many is refused before it is whole") {
  std::string many;
  for (int i = 0; i < 99; ++i) many += "X-" + std::to_string(i) + ": a\r\n";
  hold({
      {"a line of 16 KiB", "GET /" + std::string(16384 - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"one byte more", "GET /" + std::string(16384 - 13, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"an endless target", "GET /" + std::string(20000, 'a'), 414},
      {"a hundred headers", get(many), 200},
      {"one header more", get(many + "Y: b\r\n"), 431},
      {"an endless header", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(33000, 'a'), 431},
      {"long session cookies", get("Cookie: " + std::string(30000, 'a') + "\r\n"), 200},
      {"a section of more than 32 KiB",
       get("A: " + std::string(20000, 'a') + "\r\nB: " + std::string(13000, 'a') + "\r\n"), 431},
  });
}

TEST_CASE("a head decides whether the connection stays open") {
  const auto keeps = [](std::string bytes) { return http::parse::parse_head(bytes)->keep_alive; };
  CHECK(keeps(get("")));
  CHECK_FALSE(keeps(get("Connection: close\r\n")));
  CHECK_FALSE(keeps(get("Connection: foo, CLOSE\r\n")));
  CHECK(keeps(get("Connection: Upgrade\r\nUpgrade: websocket\r\n")));
  CHECK_FALSE(keeps("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  CHECK(keeps("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"));
}
