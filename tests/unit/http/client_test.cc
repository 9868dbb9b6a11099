#include "http/client.h"

#include <doctest/doctest.h>

#include <tuple>

#include "http/server.h"

using namespace std::chrono_literals;
using core::Task;

namespace {

class Everybody final : public http::AccessControl {
 public:
  Task<std::optional<http::Response>> admit(http::Request&, http::Access) override { co_return std::nullopt; }
};

Task<http::Response> echo(http::Request& rq) {
  http::Response answer = http::text(std::string(name_of(rq.method)) + " " + std::string(rq.header("x-sent")) + " " +
                                     std::string(rq.header("user-agent")) + " " + rq.body);
  co_return std::move(answer).header("X-Told", "yes");
}
Task<http::Response> away(http::Request&) { co_return http::redirect("/echo"); }
Task<http::Response> large(http::Request&) { co_return http::text(std::string(100000, 'x')); }
Task<http::Response> slow(http::Request&) {
  const bool whole = co_await core::sleep_for(10s);  // longer than any client waits
  co_return http::text(whole ? "late" : "stopped");
}

// A server and a client on one loop.
struct Both {
  core::Loop loop;
  http::Router router;
  Everybody access;
  http::Server server{loop, {}, router, access};
  http::Client client{loop};
  std::string origin;
  Both() {
    for (auto add :
         {&http::Router::get, &http::Router::post, &http::Router::put, &http::Router::patch, &http::Router::del})
      (router.*add)("/echo", http::Access::anyone, echo, {});
    router.get("/away", http::Access::anyone, away);
    router.get("/large", http::Access::anyone, large);
    router.get("/slow", http::Access::anyone, slow);
    origin = "http://127.0.0.1:" + std::to_string(server.listen(0));
  }
  ~Both() { loop.run_until(server.drain(50ms)); }

  http::ClientResponse send(http::ClientRequest request) { return loop.run_until(client.send(std::move(request))); }
  std::string fault(http::ClientRequest request) {
    try {
      send(std::move(request));
    } catch (const http::ClientError& error) {
      return error.what();
    }
    return "";
  }
};

}  // namespace

TEST_CASE("a call carries its method, headers and body, and brings back status, headers and body") {
  Both both;
  for (const auto& [method, body, expected] :
       {std::tuple{http::Method::get, "", "GET"}, std::tuple{http::Method::post, "a=b", "POST"},
        std::tuple{http::Method::put, "x", "PUT"}, std::tuple{http::Method::patch, "", "PATCH"},
        std::tuple{http::Method::del, "", "DELETE"}, std::tuple{http::Method::post, "", "POST"}}) {
    CAPTURE(expected);
    http::ClientRequest request{.method = method, .url = both.origin + "/echo", .body = body};
    request.headers.add("X-Sent", "7");
    const http::ClientResponse answer = both.send(std::move(request));
    CHECK(answer.status == 200);
    CHECK(answer.body == std::string(expected) + " 7 tenon " + body);
    CHECK(answer.headers.get("x-told") == "yes");
  }
  const auto head = both.send({.method = http::Method::head, .url = both.origin + "/echo"});
  CHECK(head.status == 200);
  CHECK(head.body == "");
}

TEST_CASE("an error status is an answer, a redirect is not followed") {
  Both both;
  CHECK(both.send({.url = both.origin + "/nowhere"}).status == 404);
  const auto away = both.send({.url = both.origin + "/away"});
  CHECK(away.status == 303);
  CHECK(away.headers.get("location") == "/echo");
}

TEST_CASE("no answer is a ClientError: nobody listens, too slow, too large, another protocol") {
  Both both;
  CHECK(both.fault({.url = "http://127.0.0.1:1/"}) != "");
  CHECK(both.fault({.url = both.origin + "/slow", .timeout = 100ms}) != "");
  CHECK(both.fault({.url = both.origin + "/large", .max_answer = 99999}) == "the answer is too large");
  CHECK(both.fault({.url = both.origin + "/large", .max_answer = 100000}) == "");
  CHECK(both.fault({.url = "file:///etc/hostname"}) != "");
  CHECK(both.fault({.url = both.origin + "/echo\r\nX: y"}) != "");
}

TEST_CASE("a header that would break out of its line is a fault of the program") {
  Both both;
  http::ClientRequest request{.url = both.origin + "/echo"};
  request.headers.add("X-Sent", "a\r\nX-Other: b");
  CHECK_THROWS_AS(both.send(std::move(request)), std::logic_error);
}

TEST_CASE("many calls at once share the loop") {
  Both both;
  core::TaskGroup group(both.loop);
  int answered = 0;
  for (int i = 0; i < 50; ++i)
    group.spawn("call", [](Both& all, int& count) -> Task<> {
      http::ClientRequest request{.url = all.origin + "/echo"};
      const http::ClientResponse answer = co_await all.client.send(std::move(request));
      count += answer.status == 200;
    }(both, answered));
  both.loop.run_until(group.join());
  CHECK(answered == 50);
}
