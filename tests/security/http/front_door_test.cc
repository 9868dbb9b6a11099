// docs/spec/security.md section 1, line by line, on raw sockets against a real server.
#include <doctest/doctest.h>

#include <list>

#include "security/http/support/live_server.h"
#include "security/http/support/routes.h"
#include "support/wait.h"

using live::ask;
using live::get;
using live::Socket;
using namespace std::chrono_literals;

namespace {

struct Door {
  live::Seen seen;
  live::Server server;
  int port;
  explicit Door(http::ServerConfig config = live::quick())
      : server([this](http::Router& router) { live::mount_all(router, seen); }, std::move(config)),
        port(server.port()) {}
};

std::string post(std::string_view path, std::string_view headers, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

// The status of a request with another pipelined behind it, and whether that one was answered, too.
std::pair<int, bool> with_smuggled(Door& door, std::string_view bytes) {
  Socket socket(door.port);
  const int before = door.seen.calls;
  socket.send(std::string(bytes) + get("/hello"));
  const live::Answer first = socket.answer();
  const bool closed = socket.closed_within(3s);
  return {first.status, !closed || door.seen.calls != before};
}

}  // namespace

// docs/spec/security.md 1.1
TEST_CASE("a request that RFC 9112 calls invalid is refused, and nothing behind it is read as another") {
  Door door;
  const std::pair<int, std::string> cases[] = {
      {400, "GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /hello\r\n\r\n"},
      {400, "GET /hello HTTP/1.1\nHost: a\n\n"},
      {400, "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n"},
      {505, "GET /hello HTTP/2.0\r\nHost: a\r\n\r\n"},
      {501, "BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {414, "GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"},
      {431, get("/hello", "X: " + std::string(40000, 'a') + "\r\n")},
      {417, get("/hello", "Expect: magic\r\n")},
      {400, std::string("\0\0\0\0", 4)},
      {400, "GET\t/hello\tHTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /hello HTTP/1.1 \r\nHost: a\r\n\r\n"},
      {400, " GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /hello http/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /hello HTTP/1.1\r\n Host: a\r\n\r\n"},
      {400, "GET /hello HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n"},
      {400, "GET /hello HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n"},
      {400, "GET /hello#fragment HTTP/1.1\r\nHost: a\r\n\r\n"},
      {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)},
  };
  for (const auto& [status, bytes] : cases) {
    CAPTURE(bytes.substr(0, 60));
    const auto [got, another] = with_smuggled(door, bytes);
    CHECK(got == status);
    CHECK_FALSE(another);
  }
}

// docs/spec/security.md 1.2
TEST_CASE("ambiguous framing is refused and smuggles nothing") {
  Door door;
  const std::string chunked_body = "0\r\n\r\n";
  const std::pair<int, std::string> cases[] = {
      {400, post("/echo", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunked_body)},
      {400, post("/echo", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunked_body)},
      {400, post("/echo", "Content-Length: 0\r\nContent-Length: 5\r\n", "")},
      {400, post("/echo", "Content-Length: 5, 5\r\n", "hello")},
      {400, post("/echo", "Content-Length: +5\r\n", "hello")},
      {400, post("/echo", "Content-Length: 99999999999999999999\r\n", "hello")},
      {400, post("/echo", "Content-Length: 18446744073709551616\r\n", "")},
      {400, post("/echo", "Content-Length: -1\r\n", "")},
      {400, post("/echo", "Content-Length: 0x5\r\n", "hello")},
      {400, post("/echo", "Content-Length: 5 5\r\n", "hello")},
      {400, post("/echo", "Content-Length:\r\n", "")},
      {400, post("/echo", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello"},
      {400, get("/hello", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")},
      {501, post("/echo", "Transfer-Encoding: identity\r\n", "")},
      {501, post("/echo", "Transfer-Encoding: chunked, chunked\r\n", chunked_body)},
      {501, post("/echo", "Transfer-Encoding: \"chunked\"\r\n", chunked_body)},
      {501, post("/echo", "Transfer-Encoding: xchunked\r\n", chunked_body)},
      {501, post("/echo", "Transfer-Encoding:\r\n", chunked_body)},
      {400, post("/echo",
                 "Transfer-Encoding: \x0b"
                 "chunked\r\n",
                 chunked_body)},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "5 \r\nhello\r\n0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "5;a=\"b\r\nhello\r\n0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\nTransfer-Encoding: x\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\n folded: x\r\n\r\n")},
      {501, post("/echo", "Transfer-Encoding: gzip\r\n", chunked_body)},
      {501, post("/echo", "Transfer-Encoding: x\r\n", "")},
      {501, post("/echo", "Transfer-Encoding: gzip, chunked\r\n", chunked_body)},
      {501, post("/echo", "Transfer-Encoding: chunked;q=1\r\n", chunked_body)},
      {400, post("/echo", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked_body)},
      {400, post("/echo", "Transfer-Encoding:\r\n chunked\r\n", chunked_body)},
      {400, "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked_body},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\n0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n")},
      {400, post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 3\r\n\r\n")},
  };
  for (const auto& [status, bytes] : cases) {
    CAPTURE(bytes);
    const auto [got, another] = with_smuggled(door, bytes);
    CHECK(got == status);
    CHECK_FALSE(another);
  }
  CHECK(ask(door.port, post("/echo", "Transfer-Encoding: chunked\r\n", "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")).body ==
        "hello");
}

// docs/spec/security.md 1.3
TEST_CASE("one Host of host[:port], no folding, no bare line end, no control byte") {
  Door door;
  for (const char* bytes : {"GET /hello HTTP/1.1\r\n\r\n",
                            "GET /hello HTTP/1.0\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a@b\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
                            "GET http://b/hello HTTP/1.1\r\nHost: a\r\n\r\n",
                            "GET http://a@b/hello HTTP/1.1\r\nHost: b\r\n\r\n",
                            "GET //a/hello HTTP/1.1\r\nHost:\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a,b\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a:\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a:99999\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a:80x\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: [::1\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a?x\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a#x\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\n\tX: y\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nX: y\nZ: w\r\n\r\n",
                            "GET /hello HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n"}) {
    CAPTURE(bytes);
    CHECK(ask(door.port, bytes).status == 400);
  }
}

// docs/spec/security.md 1.4
TEST_CASE("each limit answers its status") {
  Door door;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "X-" + std::to_string(i) + ": a\r\n";
  CHECK(ask(door.port, get("/hello", many)).status == 431);
  std::string query = "/hello?a";
  for (int i = 0; i < 500; ++i) query += "&a";
  CHECK(ask(door.port, get(query)).status == 414);
  CHECK(ask(door.port, post("/small", "Content-Length: 11\r\n", "")).status == 413);
  CHECK(ask(door.port, post("/small", "Content-Length: 10\r\n", "0123456789")).status == 200);
  CHECK(ask(door.port, post("/small", "Transfer-Encoding: chunked\r\n", "b\r\n01234567890\r\n0\r\n\r\n")).status ==
        413);
  CHECK(ask(door.port, post("/echo", "Content-Length: 1048577\r\n", "")).status == 413);
  CHECK(ask(door.port, post("/upload-small", "Content-Length: 1001\r\n", "")).status == 413);
  CHECK(ask(door.port, post("/upload-small", "Transfer-Encoding: chunked\r\n",
                            "3e9\r\n" + std::string(1001, 'a') + "\r\n0\r\n\r\n"))
            .status == 413);
  CHECK(ask(door.port, post("/echo", "Transfer-Encoding: chunked\r\n", std::string(300, '0'))).status == 400);
}

// docs/spec/security.md 1.4
TEST_CASE("a chunk that announces gigabytes costs nothing, a trailer of a MiB ends its connection only") {
  Door door;
  Socket other(door.port);
  other.send(get("/hello"));
  CHECK(other.answer().status == 200);
  CHECK(ask(door.port, post("/upload", "Transfer-Encoding: chunked\r\n", "fffffffffffffff\r\nabc")).status == 408);
  Socket socket(door.port);
  socket.send(post("/upload", "Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(1 << 20, 'a') + "\r\n\r\n"));
  CHECK(socket.answer().status == 431);
  other.send(get("/hello"));
  CHECK(other.answer().status == 200);
}

// docs/spec/security.md 1.4
TEST_CASE("trailers count as headers") {
  Door door;
  std::string trailers = "0\r\n";
  for (int i = 0; i < 99; ++i) trailers += "T: a\r\n";
  CHECK(ask(door.port, post("/echo", "Transfer-Encoding: chunked\r\n", trailers + "\r\n")).status == 431);
}

// docs/spec/security.md 1.5
TEST_CASE("a compressed request body is refused, except an upload into storage") {
  Door door;
  const std::string headers = "Content-Encoding: gzip\r\nContent-Length: 2\r\n";
  CHECK(ask(door.port, post("/echo", headers, "ab")).status == 415);
  CHECK(ask(door.port, post("/upload", headers, "ab")).status == 415);
  CHECK(ask(door.port, post("/storage/v1/object/b/k", headers, "ab")).body == "2");
  CHECK(ask(door.port, post("/echo", "Content-Encoding: identity\r\nContent-Length: 2\r\n", "ab")).status == 200);
}

// docs/spec/security.md 1.6
TEST_CASE("a head that does not end in time gets 408, however it trickles") {
  Door door;
  Socket socket(door.port);
  const auto began = std::chrono::steady_clock::now();
  std::string got;
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; got.empty() && i < 1000; ++i) {  // a byte now and then does not help
    socket.send("X");
    const auto part = socket.until_closed(20ms);
    if (part) got = *part;
  }
  CHECK(got.starts_with("HTTP/1.1 408 "));
  CHECK(std::chrono::steady_clock::now() - began < 3s);
}

// docs/spec/security.md 1.6
TEST_CASE("an idle connection is closed after its time, one that asks again is not") {
  Door door;
  Socket idle(door.port);
  Socket busy(door.port);
  for (int i = 0; i < 3; ++i) {
    busy.send(get("/hello"));
    CHECK(busy.answer().status == 200);
  }
  CHECK(idle.closed_within(3s));
}

// docs/spec/security.md 1.6
TEST_CASE("a body must come at a pace") {
  Door door;
  SUBCASE("buffered") {
    Socket socket(door.port);
    socket.send(post("/echo", "Content-Length: 100\r\n", "a"));
    CHECK(socket.answer().status == 408);
  }
  SUBCASE("streamed") {
    Socket socket(door.port);
    socket.send(post("/upload", "Content-Length: 100000\r\n", "a"));
    CHECK(socket.answer().status == 408);
  }
  SUBCASE("enough bytes earn time") {
    http::ServerConfig config = live::quick();
    config.timeouts.body_rate = 100;
    Door lenient(config);
    Socket socket(lenient.port);
    socket.send(post("/upload", "Content-Length: 1001\r\n", std::string(1000, 'a')));
    const auto began = std::chrono::steady_clock::now();
    CHECK_FALSE(socket.closed_within(800ms));
    socket.send("b");
    CHECK(socket.answer().body == "1001");
    CHECK(std::chrono::steady_clock::now() - began > 700ms);
  }
}

// docs/spec/security.md 1.6
TEST_CASE("a client that does not read its answer is cut off") {
  Door door;
  Socket socket(door.port, 65536);
  socket.send(get("/big"));
  const std::size_t read = socket.some().size();
  CHECK(read > 0);
  // Nothing more is read until the server has given up; what is left then ends before the whole answer has come.
  const auto until = std::chrono::steady_clock::now() + 5s;
  std::size_t open = 1;
  while (open > 0 && std::chrono::steady_clock::now() < until)
    door.server.on_loop([&](http::Server& server) { open = server.connections(); });
  CHECK(open == 0);
  CHECK(read + socket.until_closed(5s).value_or("").size() < (32u << 20));
}

// docs/spec/security.md 1.6
TEST_CASE("beyond the connection limit a client gets 503 at once") {
  http::ServerConfig config = live::quick();
  config.max_connections = 2;
  config.timeouts.idle = 5s;
  Door door(config);
  Socket one(door.port), two(door.port);
  one.send(get("/hello"));
  two.send(get("/hello"));
  CHECK(one.answer().status == 200);
  CHECK(two.answer().status == 200);
  Socket three(door.port);
  const auto told = three.until_closed(2s);
  REQUIRE(told);
  CHECK((told->empty() || told->starts_with("HTTP/1.1 503 ")));
}

// docs/spec/security.md 1.11
TEST_CASE("one network has a share of the connections, a trusted proxy all of them") {
  http::ServerConfig config = live::quick();
  config.connections_each = 2;
  config.timeouts.idle = 5s;
  {
    Door door(config);
    std::optional<Socket> one(door.port), two(door.port);
    one->send(get("/hello"));
    two->send(get("/hello"));
    CHECK(one->answer().status == 200);
    CHECK(two->answer().status == 200);
    Socket three(door.port);
    const auto told = three.until_closed(2s);
    REQUIRE(told);
    CHECK((told->empty() || told->starts_with("HTTP/1.1 503 ")));
    one.reset();
    const auto is_free = [&] {
      Socket four(door.port);
      four.send(get("/hello"));
      return four.answer().status == 200;
    };
    CHECK(support::wait_until(is_free, 2s));
  }
  config.trusted_proxies = {"127.0.0.0/8"};
  Door door(config);
  std::list<Socket> many;
  for (int i = 0; i < 5; ++i) {
    many.emplace_back(door.port);
    many.back().send(get("/hello"));
    CHECK(many.back().answer().status == 200);
  }
}

// docs/spec/security.md 1.7
TEST_CASE("TRACE, CONNECT and unknown methods are refused, Upgrade is ignored") {
  Door door;
  CHECK(ask(door.port, "TRACE /hello HTTP/1.1\r\nHost: a\r\n\r\n").status == 405);
  CHECK(ask(door.port, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").status == 405);
  CHECK(ask(door.port, "FOO /hello HTTP/1.1\r\nHost: a\r\n\r\n").status == 501);
  CHECK(ask(door.port, get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n")).status == 200);
  CHECK(ask(door.port, get("/hello", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"))
            .status == 200);
  const live::Answer wrong = ask(door.port, post("/hello", "Content-Length: 0\r\n", ""));
  CHECK(wrong.status == 405);
  CHECK(wrong.header("allow") == "GET, HEAD");
}

// docs/spec/security.md 1.8
TEST_CASE("a path is decoded once, then matched; what hides a separator or climbs is refused") {
  Door door;
  CHECK(ask(door.port, get("/paths/caf%C3%A9%20x")).body.starts_with("hello /paths/caf\xc3\xa9 x "));
  CHECK(ask(door.port, get("/paths/%2541")).body.starts_with("hello /paths/%41 "));
  CHECK(ask(door.port, get("/%68ello")).status == 200);
  for (const char* path : {"/paths/%00",
                           "/paths/a%2fb",
                           "/paths/a%5cb",
                           "/paths/../hello",
                           "/paths/%2e%2e/hello",
                           "/paths/./a",
                           "/paths/%c0%ae",
                           "/paths/%ff",
                           "/paths/\xff",
                           "/paths/a\\b",
                           "/paths/%0d%0a",
                           "/paths/%2E%2E/hello",
                           "/paths/.%2e/hello",
                           "/paths/%2e",
                           "/paths/a%2Fb",
                           "/paths/a%5Cb",
                           "/paths/%e0%80%af",
                           "/paths/%ed%a0%80",
                           "/paths/%f4%90%80%80",
                           "/paths/%",
                           "/paths/%4",
                           "/paths/%zz",
                           "/paths/%u0041",
                           "/paths/%7f",
                           "/paths/a%09",
                           "/hello?a=%00",
                           "/hello?a=%ff",
                           "/hello?a=%4",
                           "hello",
                           "?x",
                           "http:/hello",
                           "ftp://localhost/hello"}) {
    CAPTURE(path);
    CHECK(ask(door.port, get(path)).status == 400);
  }
}

// docs/spec/security.md 1.8
TEST_CASE("the login wall stands before the matched route, however its path is written") {
  Door door;
  for (const char* path : {"/app", "/%61pp", "/a%70p", "http://localhost/app"}) {
    CAPTURE(path);
    CHECK(ask(door.port, get(path)).status == 401);
  }
  for (const char* path : {"/app/", "//app", "/APP", "/app;x=1"}) {
    CAPTURE(path);
    CHECK(ask(door.port, get(path)).status == 404);
  }
}

// docs/spec/security.md 1.9
TEST_CASE("a header value with a line end is never written") {
  Door door;
  const live::Answer answer = ask(door.port, get("/inject?v=a%0d%0aSet-Cookie:%20x=1"));
  CHECK(answer.status == 500);
  CHECK_FALSE(answer.head.contains("Set-Cookie"));
  CHECK(ask(door.port, get("/inject?v=plain")).header("x-echo") == "plain");
}

// docs/spec/security.md 1.9
TEST_CASE("forwarding headers count only from a configured proxy, and odd ones are harmless") {
  Door open;
  CHECK(ask(open.port, get("/hello", "X-Forwarded-For: 9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n"))
            .body == "hello /hello 127.0.0.1");
  http::ServerConfig config = live::quick();
  config.trusted_proxies = {"127.0.0.0/8"};
  Door behind(config);
  CHECK(ask(behind.port, get("/hello", "X-Forwarded-For: 6.6.6.6, 9.9.9.9\r\n")).body == "hello /hello 9.9.9.9");
  for (const char* odd :
       {"X-Forwarded-For: \r\n", "X-Forwarded-For: ,,,\r\n", "X-Forwarded-For: \"><\r\n", "X-Real-IP: x\r\n"}) {
    CAPTURE(odd);
    CHECK(ask(behind.port, get("/hello", odd)).body == "hello /hello 127.0.0.1");
  }
}

// docs/spec/security.md 1.10
TEST_CASE("one connection's exception ends that connection only") {
  Door door;
  Socket other(door.port);
  CHECK(ask(door.port, get("/bug")).status == 500);
  Socket broken(door.port);
  broken.send(get("/broken"));
  CHECK(broken.until_closed(3s).value_or("").find("\r\n0\r\n") == std::string::npos);
  other.send(get("/hello"));
  CHECK(other.answer().status == 200);
}
