#include "http/serve/head_writer.h"

#include <doctest/doctest.h>

#include "http/serve/compress.h"
#include "http/serve/trusted_proxies.h"

using http::serve::ContentSecurityPolicy;
using http::serve::HeadWriter;
using http::serve::TrustedProxies;

namespace {
http::Request request() {
  http::Request rq;
  rq.path = "/";
  rq.request_id = "id";
  rq.csp_nonce = "bm9uY2U=";
  return rq;
}
}  // namespace

TEST_CASE("the content security policy is the specified one, with the nonce of the request") {
  CHECK(ContentSecurityPolicy({}).with_nonce("N") ==
        "default-src 'none'; script-src 'nonce-N' 'strict-dynamic'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; font-src 'self'; manifest-src 'self'; connect-src 'self'; object-src 'none'; base-uri "
        "'none'; frame-ancestors 'none'; form-action 'self'; "
        "trusted-types tenon-live; require-trusted-types-for 'script'");
}

TEST_CASE("additions join the directive they name") {
  http::ServerConfig config;
  config.csp_sources = {"form-action https://pay.example", "form-action http://localhost:3000",
                        "img-src https://s3.example", "frame-src https://x.example", "object-src 'self'"};
  const std::string csp = ContentSecurityPolicy(config.csp_sources).with_nonce("N");
  CHECK(csp.contains("https://pay.example http://localhost:3000;"));
  CHECK(csp.contains("img-src 'self' data: blob: https://s3.example;"));
  CHECK(csp.contains("; object-src 'self';"));
  CHECK(csp.ends_with("; frame-src https://x.example"));
}

TEST_CASE("a header that would break out of its line is never written") {
  const HeadWriter writer({});
  for (std::string value :
       {std::string("a\r\nX: y"), std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3)}) {
    CHECK_THROWS_AS(writer.write(request(), http::text("").header("X-Test", value), {}), std::logic_error);
    http::Request rq = request();
    rq.set_cookies = {"a=" + value};
    CHECK_THROWS_AS(writer.write(rq, http::text(""), {}), std::logic_error);
    CHECK_THROWS_AS(writer.write(request(), http::redirect("/x" + value), {}), std::logic_error);
  }
  CHECK_THROWS_AS(writer.write(request(), http::text("").header("X Y", "z"), {}), std::logic_error);
  CHECK_THROWS_AS(writer.write(request(), http::text("").header("X\r\nY", "z"), {}), std::logic_error);
}

TEST_CASE("framing and identity of an answer are the server's alone") {
  const std::string head = HeadWriter({}).write(
      request(), http::text("").header("Content-Length", "99").header("Server", "x/1.0").header("Connection", "y"),
      {.keep_alive = true, .length = 3});
  CHECK(head.contains("Content-Length: 3\r\n"));
  CHECK_FALSE(head.contains("99"));
  CHECK(head.contains("Server: tenon\r\n"));
  CHECK_FALSE(head.contains("Connection"));
}

TEST_CASE("an address from a header counts only behind a configured proxy") {
  const auto ip = [](const std::vector<std::string>& trusted, std::string peer,
                     std::initializer_list<std::pair<const char*, const char*>> sent) {
    http::Headers headers;
    for (const auto& [name, value] : sent) headers.add(name, value);
    return TrustedProxies(trusted).origin(peer, headers).ip;
  };
  const std::vector<std::string> proxies{"10.0.0.0/8", "192.168.1.1", "fd00::/8"};
  CHECK(ip({}, "1.2.3.4", {{"X-Forwarded-For", "9.9.9.9"}, {"X-Real-IP", "8.8.8.8"}}) == "1.2.3.4");
  CHECK(ip(proxies, "1.2.3.4", {{"X-Forwarded-For", "9.9.9.9"}}) == "1.2.3.4");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", "9.9.9.9"}}) == "9.9.9.9");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", "6.6.6.6, 9.9.9.9, 192.168.1.1"}}) == "9.9.9.9");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "9.9.9.9"}}) == "9.9.9.9");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", "9.9.9.9:1234"}}) == "9.9.9.9");
  CHECK(ip(proxies, "fd00::1", {{"X-Forwarded-For", "[2001:db8::7]:99"}}) == "2001:db8::7");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", ""}}) == "10.1.1.1");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", ",,, ,"}}) == "10.1.1.1");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", "nonsense"}}) == "10.1.1.1");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Forwarded-For", "9.9.9.9, nonsense"}}) == "10.1.1.1");
  CHECK(ip(proxies, "10.1.1.1", {{"X-Real-IP", "9.9.9.9"}}) == "9.9.9.9");
  CHECK(ip(proxies, "::ffff:10.1.1.1", {{"X-Forwarded-For", "9.9.9.9"}}) == "9.9.9.9");
  CHECK_THROWS(TrustedProxies({"10.0.0.0/40"}));
  CHECK_THROWS(TrustedProxies({"proxy.example"}));
}

TEST_CASE("the scheme is https when a configured proxy states it") {
  http::Headers headers;
  headers.add("X-Forwarded-Proto", "https");
  CHECK(TrustedProxies({"10.0.0.1"}).origin("10.0.0.1", headers).https);
  CHECK_FALSE(TrustedProxies({"10.0.0.1"}).origin("10.0.0.2", headers).https);
}

TEST_CASE("only a public page without secrets is compressed") {
  const auto packed = [](http::Request rq, std::string body, std::string type = "text/html; charset=utf-8") {
    rq.headers.add("Accept-Encoding", "gzip, br");
    http::Response answer = http::text(std::move(body)).header("Content-Type", std::move(type));
    http::serve::compress_public_page(rq, answer);
    return answer.headers.get("content-encoding") == "gzip";
  };
  const std::string page(4000, 'x');
  CHECK(packed(request(), page));
  CHECK_FALSE(packed(request(), "small"));
  CHECK_FALSE(packed(request(), page, "application/json"));
  http::Request rq = request();
  rq.csrf_token = "TOKEN";
  CHECK(packed(rq, page));
  CHECK_FALSE(packed(rq, page + "TOKEN"));
  rq = request();
  rq.caller.kind = http::Caller::Kind::user;
  CHECK_FALSE(packed(rq, page));
  rq = request();
  rq.set_cookies = {"a=b"};
  CHECK_FALSE(packed(rq, page));
}
