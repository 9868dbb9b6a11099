// docs/spec/security.md section 4: the headers of every response.
#include <doctest/doctest.h>

#include "security/http/support/live_server.h"
#include "security/http/support/routes.h"

using live::Answer;
using live::ask;
using live::get;

namespace {

struct Door {
  live::Seen seen;
  live::Server server;
  int port;
  explicit Door(http::ServerConfig config = live::quick())
      : server([this](http::Router& router) { live::mount_all(router, seen, "/proc/self/exe"); }, std::move(config)),
        port(server.port()) {}
};

const char* const kAda = "Authorization: Bearer ada\r\n";

}  // namespace

// docs/spec/security.md 4.1
TEST_CASE("an HTML answer carries the policy with a nonce that is fresh each time") {
  Door door;
  const Answer first = ask(door.port, get("/page")), second = ask(door.port, get("/page"));
  const std::string nonce = first.body.substr(first.body.find("<p>") + 3);
  CHECK(nonce.size() == 24);
  CHECK(first.header("content-security-policy").contains("script-src 'nonce-" + nonce + "' 'strict-dynamic';"));
  CHECK_FALSE(first.header("content-security-policy").contains("unsafe"));
  CHECK(first.body != second.body);
  CHECK(first.header("referrer-policy") == "strict-origin-when-cross-origin");
}

// docs/spec/security.md 4.2
TEST_CASE("every answer, errors included, is nosniff and names no version") {
  Door door;
  for (const std::string& bytes : {get("/hello"), get("/nowhere"), get("/bug"), get("/api/things"), get("/events"),
                                   std::string("GET /hello HTTP/1.1\r\n\r\n"), get("/rest/v1/things")}) {
    CAPTURE(bytes);
    live::Socket socket(door.port);
    socket.send(bytes);
    const Answer answer = socket.answer(true);
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(answer.header("server") == "tenon");
    CHECK(answer.header("x-powered-by") == "");
    CHECK(answer.header("content-type").contains("charset=utf-8"));
    CHECK(answer.header("content-security-policy") != "");
    CHECK(answer.header("referrer-policy") != "");
    CHECK(answer.header("permissions-policy") != "");
    CHECK(answer.header("cross-origin-opener-policy") == "same-origin");
    CHECK(answer.header("x-request-id").size() == 36);
    CHECK(answer.header("date").ends_with(" GMT"));
    CHECK(answer.header("strict-transport-security") == "");
  }
}

// docs/spec/security.md 4.2
TEST_CASE("over https HSTS is set for a year") {
  http::ServerConfig config = live::quick();
  config.base_url = "https://app.example";
  Door door(config);
  CHECK(ask(door.port, get("/hello")).header("strict-transport-security") == "max-age=31536000");
}

// docs/spec/security.md 4.2
TEST_CASE("what is personal is not stored") {
  Door door;
  CHECK(ask(door.port, get("/app", kAda)).header("cache-control") == "no-store");
  CHECK(ask(door.port, get("/api/things", kAda)).header("cache-control") == "no-store");
  CHECK(ask(door.port, get("/nowhere")).header("cache-control") == "no-store");
  CHECK(ask(door.port, get("/page")).header("cache-control") == "no-cache");
  const Answer with_cookie = ask(door.port, get("/cookie"));
  CHECK(with_cookie.header("set-cookie").starts_with("session=1"));
  CHECK(with_cookie.header("cache-control") == "private, no-cache, no-store, must-revalidate, max-age=0");
  CHECK_FALSE(with_cookie.head.contains("max-age=60"));
}

// docs/spec/security.md 4.5
TEST_CASE("the wires are open to other origins without credentials, nothing else is") {
  Door door;
  const std::string origin = "Origin: https://evil.example\r\n";
  CHECK(ask(door.port, get("/rest/v1/things", origin)).header("access-control-allow-origin") == "*");
  CHECK(ask(door.port, get("/rest/v1/nowhere", origin)).header("access-control-allow-origin") == "*");
  for (const char* path : {"/hello", "/page", "/api/things", "/rest/v1things", "/nowhere"}) {
    CAPTURE(path);
    const Answer answer = ask(door.port, get(path, origin));
    CHECK_FALSE(answer.head.contains("ccess-"));
    CHECK_FALSE(answer.head.contains("evil"));
  }
}

// docs/spec/security.md 4.5
TEST_CASE("a preflight of a wire is answered, of anything else it is not") {
  Door door;
  const auto preflight = [&](std::string_view path) {
    return ask(door.port,
               "OPTIONS " + std::string(path) +
                   " HTTP/1.1\r\nHost: a\r\nOrigin: https://x.example\r\nAccess-Control-Request-Method: PATCH\r\n"
                   "Access-Control-Request-Headers: apikey, x-mine, \"bad\r\n\r\n");
  };
  for (const char* path : {"/rest/v1/things", "/auth/v1/token", "/storage/v1/object/b/k"}) {
    CAPTURE(path);
    const Answer answer = preflight(path);
    CHECK(answer.status == 204);
    CHECK(answer.header("access-control-allow-origin") == "*");
    CHECK(answer.header("access-control-allow-credentials") == "");
    CHECK(answer.header("access-control-allow-methods").contains("PATCH"));
    for (const char* name : {"apikey", "Authorization", "X-Client-Info", "X-Supabase-Api-Version", "Prefer", "x-upsert",
                             "Range", "Accept-Profile", "x-retry-count", "x-mine"})
      CHECK(answer.header("access-control-allow-headers").contains(name));
    CHECK_FALSE(answer.header("access-control-allow-headers").contains("bad"));
  }
  CHECK_FALSE(preflight("/api/things").head.contains("ccess-"));
  CHECK_FALSE(preflight("/nowhere").head.contains("ccess-"));
}

// docs/spec/security.md 9.5
TEST_CASE("an error reveals nothing of its cause, and carries the request id") {
  Door door;
  const Answer bug = ask(door.port, get("/api/bug"));
  CHECK(bug.status == 500);
  CHECK_FALSE(bug.body.contains("secret detail"));
  CHECK(bug.body.contains("\"request_id\":\"" + bug.header("x-request-id") + "\""));
  const Answer problem = ask(door.port, get("/problem"));
  CHECK(problem.status == 402);
  CHECK(problem.body.contains("\"code\":\"insufficient_credits\""));
}

TEST_CASE("an error is a page for who wants HTML and JSON for programs") {
  Door door;
  const std::string html = "Accept: text/html,*/*;q=0.8\r\n";
  const Answer page = ask(door.port, get("/nowhere", html));
  CHECK(page.status == 404);
  CHECK(page.header("content-type") == "text/html; charset=utf-8");
  CHECK(page.body.contains(page.header("x-request-id")));
  CHECK(ask(door.port, get("/bug", html)).header("content-type").starts_with("text/html"));
  CHECK(ask(door.port, get("/nowhere")).header("content-type").starts_with("application/json"));
  for (const char* path : {"/api/nowhere", "/auth/v1/nowhere", "/rest/v1/nowhere", "/storage/v1/nowhere", "/api/bug"})
    CHECK(ask(door.port, get(path, html)).header("content-type").starts_with("application/json"));
}

TEST_CASE("an outage that the app translates is 503 with Retry-After, not 500") {
  Door door;
  door.server.on_loop([](http::Server& server) {
    server.translate_errors([](const std::exception_ptr& error) -> std::optional<core::Problem> {
      try {
        std::rethrow_exception(error);
      } catch (const std::runtime_error&) {
        core::Problem problem(503, "http.unavailable");
        problem.headers.emplace_back("Retry-After", "2");
        return problem;
      } catch (...) {
      }
      return std::nullopt;
    });
  });
  const Answer answer = ask(door.port, get("/api/bug"));
  CHECK(answer.status == 503);
  CHECK(answer.header("retry-after") == "2");
}

TEST_CASE("a streamed form whose token is pending reaches its handler only as multipart with the token first") {
  Door door;
  const auto send = [&](std::string_view type, std::string_view body) {
    return ask(door.port, "POST /form HTTP/1.1\r\nHost: a\r\nX-Cookie: yes\r\n" + std::string(kAda) +
                              "Content-Type: " + std::string(type) +
                              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  };
  const std::string token = "--b\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\nform-token\r\n";
  const std::string file = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\ny\r\n--b--\r\n";
  CHECK(send("multipart/form-data; boundary=b", token + file).body == "f;");
  CHECK(send("multipart/form-data; boundary=b", file).status == 403);
  CHECK(send("text/plain", "x").status == 403);
  CHECK(send("application/octet-stream", token + file).status == 403);
  CHECK(door.seen.calls == 1);
}

// docs/spec/security.md 4.2
TEST_CASE("no kind of answer goes without its headers: files, parts, redirects, events, refusals of the head") {
  Door door;
  const std::string to_long = get("/" + std::string(20000, 'a'));
  const std::pair<int, std::string> kinds[] = {
      {200, get("/file")},
      {206, get("/file", "Range: bytes=0-9\r\n")},
      {304, get("/file", "If-None-Match: \"v1\"\r\n")},
      {416, get("/file", "Range: bytes=9999999-\r\n")},
      {200, "HEAD /page HTTP/1.1\r\nHost: a\r\n\r\n"},
      {303, get("/away?to=/login")},
      {204, get("/nothing")},
      {200, get("/events")},
      {401, get("/app")},
      {402, get("/problem")},
      {405, "DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {500, get("/inject?v=a%0d%0ab")},
      {503, get("/deadline")},
      {204, "OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {204, "OPTIONS /rest/v1/things HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: GET\r\n\r\n"},
      {400, "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {400, get("/%00")},
      {405, "TRACE /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {408, "GET /hello HTTP/1.1\r\nHost: a\r\nX-Slow: "},
      {413, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n"},
      {414, to_long},
      {415, "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}"},
      {417, get("/hello", "Expect: magic\r\n")},
      {431, get("/hello", "X: " + std::string(40000, 'a') + "\r\n")},
      {501, "BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
      {505, "GET /hello HTTP/3.0\r\nHost: a\r\n\r\n"},
  };
  for (const auto& [status, bytes] : kinds) {
    CAPTURE(bytes.substr(0, 60));
    live::Socket socket(door.port);
    socket.send(bytes);
    const Answer answer = socket.answer(true);
    CHECK(answer.status == status);
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(answer.header("content-security-policy").starts_with("default-src 'none'; "));
    CHECK(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    CHECK(answer.header("referrer-policy") == "strict-origin-when-cross-origin");
    CHECK(answer.header("server") == "tenon");
    CHECK(answer.header("x-request-id").size() == 36);
    CHECK(answer.header("x-powered-by") == "");
    if (status >= 400) CHECK(answer.header("content-type").contains("charset=utf-8"));
    if (status >= 400 && status != 416) CHECK(answer.header("cache-control") == "no-store");
  }
}

// docs/spec/security.md 4.6
TEST_CASE("a redirect that would break its line, or hold a header, is never written") {
  Door door;
  CHECK(ask(door.port, get("/away?to=/app")).header("location") == "/app");
  for (const char* to : {"/a%0d%0aSet-Cookie:%20x=1", "/a%0ab", "/a%0db", "/a%7fb"}) {
    CAPTURE(to);
    const Answer answer = ask(door.port, get(std::string("/away?to=") + to));
    CHECK(answer.status == 500);
    CHECK_FALSE(answer.head.contains("Set-Cookie"));
    CHECK(answer.header("location") == "");
  }
}
