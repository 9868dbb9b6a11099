// How requests and answers follow one another on a connection, and how both end.
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <system_error>

#include "core/task_context.h"
#include "security/http/support/live_server.h"
#include "security/http/support/routes.h"

using live::ask;
using live::get;
using live::Socket;
using namespace std::chrono_literals;

namespace {

struct Door {
  live::Seen seen;
  live::Server server;
  int port;
  explicit Door(http::ServerConfig config = live::quick(), std::string file = "")
      : server([&](http::Router& router) { live::mount_all(router, seen, file); }, std::move(config)),
        port(server.port()) {}
  ~Door() = default;

  // True when the condition comes true within five seconds.
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

struct TemporaryFile {
  std::string path = "/tmp/tenon-http-test-" + std::to_string(getpid());
  TemporaryFile() {
    std::ofstream out(path, std::ios::binary);
    for (int i = 0; i < 1000000; ++i) out.put(static_cast<char>('a' + i % 26));
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
};

}  // namespace

TEST_CASE("pipelined requests are answered one after another, in order") {
  Door door;
  Socket socket(door.port);
  std::string all;
  for (int i = 0; i < 50; ++i) all += get("/paths/" + std::to_string(i));
  all += post("/echo", "Content-Length: 5\r\n", "hello") +
         post("/echo", "Transfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n");
  socket.send(all);
  for (int i = 0; i < 50; ++i) CHECK(socket.answer().body == "hello /paths/" + std::to_string(i) + " 127.0.0.1");
  CHECK(socket.answer().body == "hello");
  CHECK(socket.answer().body == "hi");
}

TEST_CASE("a request is the same when it comes byte by byte") {
  http::ServerConfig config = live::quick();
  config.timeouts.head = config.timeouts.body = 5s;
  Door door(config);
  Socket socket(door.port);
  for (char c : post("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")) socket.send({&c, 1});
  CHECK(socket.answer().body == "hello");
}

TEST_CASE("a connection ends when either side asks for it") {
  Door door;
  Socket close(door.port);
  close.send(get("/hello", "Connection: close\r\n"));
  CHECK(close.answer().header("connection") == "close");
  CHECK(close.closed_within(2s));
  Socket old(door.port);
  old.send("GET /hello HTTP/1.0\r\nHost: a\r\n\r\n");
  CHECK(old.answer().status == 200);
  CHECK(old.closed_within(2s));
  Socket kept(door.port);
  for (int i = 0; i < 2; ++i) {
    kept.send("GET /hello HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    CHECK(kept.answer().header("connection") == "keep-alive");
  }
}

TEST_CASE("HEAD is answered as GET without the body") {
  Door door;
  Socket socket(door.port);
  socket.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  const live::Answer head = socket.answer(true);
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == "22");
  socket.send(get("/hello"));
  CHECK(socket.answer().body.size() == 22);
}

TEST_CASE("100 Continue is sent when the body is wanted, and only then") {
  Door door;
  Socket wanted(door.port);
  wanted.send(post("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n", ""));
  CHECK(wanted.answer().status == 100);
  wanted.send("hello");
  CHECK(wanted.answer().body == "hello");
  Socket refused(door.port);
  refused.send(post("/small", "Content-Length: 500\r\nExpect: 100-continue\r\n", ""));
  CHECK(refused.answer().status == 413);
  CHECK(refused.closed_within(2s));
  Socket unread(door.port);
  unread.send(post("/upload-refused", "Content-Length: 500\r\nExpect: 100-continue\r\n", ""));
  CHECK(unread.answer().status == 403);
  CHECK(unread.closed_within(2s));
}

TEST_CASE("an answer that comes before a large body has been read arrives whole") {
  Door door;
  const std::string request = post("/upload-refused", "Content-Length: 3000000\r\n", std::string(3000000, 'x'));
  Socket socket(door.port);
  socket.send(request);
  CHECK(socket.answer().status == 403);
  CHECK(socket.closed_within(2s));
}

TEST_CASE("a body that nobody read is dropped when it has come, and the connection goes on") {
  Door door;
  Socket socket(door.port);
  socket.send(post("/upload-refused", "Content-Length: 5\r\n", "hello") + get("/hello"));
  CHECK(socket.answer().status == 403);
  CHECK(socket.answer().status == 200);
  socket.send(post("/nowhere", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") + get("/hello"));
  CHECK(socket.answer().status == 404);
  CHECK(socket.answer().status == 200);
}

TEST_CASE("a large upload streams through with little memory and is counted exactly") {
  Door door;
  const std::string request = post("/upload", "Content-Length: 20000000\r\n", std::string(20000000, 'x'));
  Socket socket(door.port);
  socket.send(request);
  CHECK(socket.answer().body == "20000000");
  socket.send(get("/hello"));
  CHECK(socket.answer().status == 200);
}

TEST_CASE("a body that is cut off reaches no handler's end") {
  Door door;
  for (const char* path : {"/echo", "/upload"}) {
    CAPTURE(path);
    Socket half(door.port);
    half.send(post(path, "Content-Length: 100\r\n", "abc"));
    half.half_close();
    CHECK(half.answer().status == 400);
    Socket reset(door.port);
    reset.send(post(path, "Content-Length: 100\r\n", "abc"));
    reset.reset();
  }
  CHECK(ask(door.port, get("/hello")).status == 200);
  CHECK(door.seen.calls == 1);
}

TEST_CASE("the work of a GET is expendable once its client has left, that of a write is not") {
  const auto tell = [](http::Request&) -> core::Task<http::Response> {
    co_return http::text(core::task_context()->expendable ? "expendable" : "kept");
  };
  live::Server server([&](http::Router& router) {
    router.get("/tell", http::Access::anyone, tell);
    router.post("/tell", http::Access::anyone, tell);
    router.del("/tell", http::Access::anyone, tell);
  });
  CHECK(ask(server.port(), get("/tell")).body == "expendable");
  CHECK(ask(server.port(), "POST /tell HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").body == "kept");
  CHECK(ask(server.port(), "DELETE /tell HTTP/1.1\r\nHost: a\r\n\r\n").body == "kept");
}

TEST_CASE("when the client disconnects, its handler is stopped") {
  Door door;
  {
    Socket closed(door.port), reset(door.port);
    closed.send(get("/slow"));
    reset.send(get("/slow"));
    REQUIRE(door.soon([&] { return door.seen.running == 2; }));
    reset.reset();
  }
  CHECK(door.soon([&] { return door.seen.stops == 2; }));
}

TEST_CASE("a client that only closes its sending side still gets its answer") {
  Door door;
  Socket socket(door.port);
  socket.send(get("/hello"));
  socket.half_close();
  CHECK(socket.answer().status == 200);
}

TEST_CASE("a handler beyond its deadline is stopped, and its client gets 503") {
  Door door;
  const live::Answer answer = ask(door.port, get("/deadline"));
  CHECK(answer.status == 503);
  CHECK(answer.header("retry-after") != "");
  CHECK(answer.body.contains("\"code\":\"timeout\""));
  CHECK(door.soon([&] { return door.seen.stops == 1; }));
}

TEST_CASE("a handler that does not listen is left behind; the next requests are served") {
  Door door;
  Socket socket(door.port);
  socket.send(get("/deaf"));
  CHECK(socket.answer().status == 503);
  CHECK(socket.closed_within(2s));
  CHECK(ask(door.port, get("/hello")).status == 200);
  CHECK(door.soon([&] { return door.seen.calls == 2; }));
  CHECK(ask(door.port, get("/hello")).status == 200);
}

TEST_CASE("a streamed route's deadline ends its wait for a body") {
  http::ServerConfig config = live::quick();
  config.timeouts.body = 10s;
  Door door(config);
  CHECK(ask(door.port, post("/upload-timed", "Content-Length: 500\r\n", "abc")).status == 503);
  CHECK(door.seen.calls == 0);
}

TEST_CASE("events arrive one by one and their source stops when the client leaves") {
  Door door;
  {
    Socket socket(door.port);
    socket.send(get("/events"));
    std::string got;
    while (!got.contains("data: second line\n\n")) got += socket.some();
    CHECK(got.contains("Content-Type: text/event-stream; charset=utf-8\r\n"));
    CHECK(got.contains("id: 7\nevent: progress\ndata: {\"n\":1}\ndata: second line\n\n"));
    CHECK(door.seen.running == 1);
  }
  CHECK(door.soon([&] { return door.seen.stops == 1; }));
}

TEST_CASE("a file is sent whole, in part, conditionally, and to HEAD") {
  const TemporaryFile file;
  Door door(live::quick(), file.path);
  Socket socket(door.port);
  socket.send(get("/file"));
  const live::Answer whole = socket.answer();
  CHECK(whole.status == 200);
  CHECK(whole.body.size() == 1000000);
  CHECK(whole.body.substr(999990) == "efghijklmn");
  socket.send(get("/file", "Range: bytes=26-51\r\n"));
  const live::Answer part = socket.answer();
  CHECK(part.status == 206);
  CHECK(part.body == "abcdefghijklmnopqrstuvwxyz");
  CHECK(part.header("content-range") == "bytes 26-51/1000000");
  socket.send(get("/file", "If-None-Match: \"v1\"\r\n"));
  CHECK(socket.answer().status == 304);
  socket.send("HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(socket.answer(true).header("content-length") == "1000000");
  socket.send(get("/file", "Range: bytes=1000000-\r\n"));
  CHECK(socket.answer().status == 416);
}

TEST_CASE("a file that is gone is 404, one that is shorter than said breaks off") {
  Door gone(live::quick(), "/nowhere/at/all");
  CHECK(ask(gone.port, get("/file")).status == 404);
  TemporaryFile file;
  {
    std::ofstream(file.path, std::ios::trunc) << "short";
  }
  Door door(live::quick(), file.path);
  Socket socket(door.port);
  socket.send(get("/file"));
  const auto all = socket.until_closed(3s);
  REQUIRE(all);
  CHECK(all->ends_with("\r\n\r\nshort"));
}

TEST_CASE("draining ends idle connections at once, finishes requests in progress and stops event streams") {
  Door door;
  Socket idle(door.port), busy(door.port), events(door.port);
  idle.send(get("/hello"));
  CHECK(idle.answer().status == 200);
  events.send(get("/events"));
  CHECK(events.some() != "");
  REQUIRE(door.soon([&] { return door.seen.running == 1; }));
  busy.send(get("/brief"));
  std::size_t open = 0;
  REQUIRE(door.soon([&] {
    door.server.on_loop([&](http::Server& server) { open = server.connections(); });
    return open == 3;
  }));
  door.server.start_drain(5s);
  const live::Answer last = busy.answer();
  CHECK(last.body == "whole");
  CHECK(last.header("connection") == "close");
  CHECK(idle.closed_within(2s));
  CHECK(events.until_closed(2s).value_or("").ends_with("0\r\n\r\n"));
  CHECK(door.soon([&] { return door.server.drained(); }));
  CHECK_THROWS(Socket(door.port));
}

TEST_CASE("draining waits no longer than its grace") {
  Door door;
  Socket socket(door.port);
  socket.send(get("/slow"));
  REQUIRE(door.soon([&] { return door.seen.running == 1; }));
  const auto began = std::chrono::steady_clock::now();
  door.server.start_drain(300ms);
  CHECK(door.soon([&] { return door.server.drained(); }));
  CHECK(std::chrono::steady_clock::now() - began < 2s);
  CHECK(door.seen.stops.load() == 1);
}

TEST_CASE("a port that somebody else listens on is refused, one's own loops share it") {
  Door door;
  core::Loop loop;
  http::Router router;
  live::FakeAccess access;
  {
    http::Server second(loop, live::quick(), router, access);
    CHECK(second.listen(door.port) == door.port);
  }
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const int on = 1;
  ::setsockopt(taken, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  REQUIRE(::bind(taken, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(::listen(taken, 1) == 0);
  ::getsockname(taken, reinterpret_cast<sockaddr*>(&at), &size);
  http::Server third(loop, live::quick(), router, access);
  CHECK_THROWS_AS(third.listen(ntohs(at.sin_port)), std::system_error);
  ::close(taken);
}
