// Many clients and rude ones, and a shutdown that loses no request
// (docs/spec/security.md 1.4, 1.6, 1.10 and 9.2).
#include <doctest/doctest.h>

#include <list>

#include "security/http/support/live_server.h"
#include "security/http/support/routes.h"

using live::ask;
using live::get;
using live::Socket;
using namespace std::chrono_literals;

namespace {

const char* const kAda = "Authorization: Bearer ada\r\n";

struct Door {
  live::Seen seen;
  live::Server server;
  int port;
  explicit Door(http::ServerConfig config = live::quick())
      : server([this](http::Router& router) { live::mount_all(router, seen); }, std::move(config)),
        port(server.port()) {}

  std::size_t connections() {
    std::size_t open = 0;
    server.on_loop([&](http::Server& on) { open = on.connections(); });
    return open;
  }
  template <class Fn>
  bool soon(Fn condition) {
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (!condition())
      if (std::chrono::steady_clock::now() > until) return false;
      else std::this_thread::yield();
    return true;
  }
};

std::string post(std::string_view path, std::string_view headers, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

std::string sized(std::string_view path, std::string_view type, std::string_view body) {
  return post(
      path, "Content-Type: " + std::string(type) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n", body);
}

}  // namespace

// docs/spec/security.md 1.4
TEST_CASE("a body of JSON nests 64 deep and no deeper, a form holds 500 fields and no more") {
  Door door;
  const auto nested = [](int depth) {
    return sized("/json", "application/json", std::string(depth, '[') + std::string(depth, ']'));
  };
  CHECK(ask(door.port, nested(64)).status == 200);
  CHECK(ask(door.port, nested(65)).status == 400);
  CHECK(ask(door.port, nested(400000)).status == 400);
  const auto fields = [](int count) {
    std::string body;
    for (int i = 0; i < count; ++i) body += "a=1&";
    return sized("/form-fields", "application/x-www-form-urlencoded", body);
  };
  CHECK(ask(door.port, fields(500)).body == "500");
  const int too_many = ask(door.port, fields(501)).status;
  CHECK((too_many == 400 || too_many == 413));
}

TEST_CASE("a body of another type than JSON or a form is 415, one that is none of what it says is 400") {
  Door door;
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json",
                           "application/jsonp", "text/json;application/json"}) {
    CAPTURE(type);
    CHECK(ask(door.port, sized("/json", type, "{}")).status == 415);
  }
  CHECK(ask(door.port, post("/json", "Content-Length: 2\r\n", "{}")).status == 200);  // says nothing, and is read
  CHECK(ask(door.port, sized("/json", "application/json", "{}")).status == 200);
  CHECK(ask(door.port, sized("/json", "application/json; charset=utf-8", "{}")).status == 200);
  for (const char* body : {"", "{", "{}{}", "\xff", "{\"a\":1,}", "nul"}) {
    CAPTURE(body);
    CHECK(ask(door.port, sized("/json", "application/json", body)).status == 400);
  }
  CHECK(ask(door.port, sized("/form-fields", "application/json", "{}")).status == 415);
}

// docs/spec/security.md 1.6
TEST_CASE("bytes that came early earn no endless wait, and no body takes longer than the whole may") {
  http::ServerConfig config = live::quick();
  config.timeouts.body_rate = 10;
  SUBCASE("a stall") {
    config.timeouts.stall = 600ms;
    Door door(config);
    Socket socket(door.port);
    socket.send(
        post("/upload", "Content-Length: 1000000\r\n", std::string(900000, 'a')));  // a day's worth at this rate
    const auto began = std::chrono::steady_clock::now();
    CHECK(socket.answer().status == 408);
    CHECK(std::chrono::steady_clock::now() - began < 4s);
  }
  SUBCASE("a trickle") {
    config.timeouts.whole_body = 900ms;
    Door door(config);
    Socket socket(door.port);
    socket.send(post("/upload", "Content-Length: 1000000\r\n", std::string(1000, 'a')));
    std::optional<std::string> told;
    for (int i = 0; !told && i < 200; ++i) {
      socket.send("bbbbbbbbbb");
      told = socket.until_closed(20ms);
    }
    CHECK(told.value_or("").starts_with("HTTP/1.1 408 "));
  }
}

// docs/spec/security.md 1.6
TEST_CASE("hundreds of clients that connect and vanish leave nothing behind") {
  Door door;
  for (int i = 0; i < 600; ++i) {
    Socket rude(door.port);
    if (i % 3 == 1) rude.send("GET /hello HT");
    if (i % 3 == 2) rude.send(get("/hello"));
    rude.reset();
  }
  CHECK(ask(door.port, get("/hello")).status == 200);
  CHECK(door.soon([&] { return door.connections() == 0; }));
}

// docs/spec/security.md 1.10
TEST_CASE("what is thrown need not be an exception to end its own connection only") {
  Door door;
  Socket other(door.port);
  other.send(get("/hello"));
  CHECK(other.answer().status == 200);
  CHECK(ask(door.port, get("/no-exception")).status == 500);
  Socket broken(door.port);
  broken.send(get("/broken-oddly"));
  CHECK(broken.until_closed(3s).value_or("").find("\r\n0\r\n") == std::string::npos);
  CHECK(door.soon([&] { return door.connections() == 1; }));
  other.send(get("/hello"));
  CHECK(other.answer().status == 200);
}

TEST_CASE("event streams are limited for each user, without effect on others") {
  http::ServerConfig config = live::quick();
  config.streams_each = 3;
  config.timeouts.idle = 5s;
  Door door(config);
  std::list<Socket> mine;
  for (int i = 0; i < 3; ++i) {
    mine.emplace_back(door.port);
    mine.back().send(get("/my-events", kAda));
    CHECK(mine.back().some().starts_with("HTTP/1.1 200 "));
  }
  const live::Answer refused = ask(door.port, get("/my-events", kAda));
  CHECK(refused.status == 429);
  CHECK(refused.header("retry-after") != "");
  CHECK(refused.body.contains("\"code\":\"too_many_streams\""));
  CHECK(ask(door.port, get("/hello", kAda)).status == 200);
  Socket visitor(door.port);
  visitor.send(get("/events"));
  CHECK(visitor.some().starts_with("HTTP/1.1 200 "));
  mine.pop_front();
  CHECK(door.soon([&] {
    Socket again(door.port);
    again.send(get("/my-events", kAda));
    return again.some().starts_with("HTTP/1.1 200 ");
  }));
}

// docs/spec/security.md 9.2
TEST_CASE("a request that has reached the machine when draining begins is answered") {
  Door door;
  Socket kept(door.port);
  kept.send(get("/hello"));
  CHECK(kept.answer().status == 200);
  Socket silent(door.port);
  CHECK(door.soon([&] { return door.connections() == 2; }));
  std::list<Socket> asked;
  // While the loop is busy here, the kernel takes connections and requests on its behalf.
  door.server.on_loop([&](http::Server&) {
    kept.send(get("/hello"));
    for (int i = 0; i < 20; ++i) {
      asked.emplace_back(door.port);
      asked.back().send(get("/hello"));
    }
    door.server.start_drain(5s);
  });
  const live::Answer last = kept.answer();
  CHECK(last.status == 200);
  CHECK(last.header("connection") == "close");
  for (Socket& one : asked) CHECK(one.answer().status == 200);
  CHECK(silent.closed_within(2s));
  CHECK(door.soon([&] { return door.server.drained(); }));
}
