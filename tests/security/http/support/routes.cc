#include "security/http/support/routes.h"

#include "core/loop.h"
#include "http/multipart.h"

namespace live {

using namespace std::chrono_literals;
using core::Task;
using http::Access;
using http::Request;
using http::Response;

namespace {

// A plain function for each handler keeps captures out of coroutine frames.
Task<Response> echo(Seen& seen, Request& rq) {
  ++seen.calls;
  co_return http::text(rq.body);
}

Task<Response> hello(Seen& seen, Request& rq) {
  ++seen.calls;
  co_return http::text("hello " + rq.path + " " + rq.client_ip);
}

Task<Response> upload(Seen& seen, Request& rq) {
  std::uint64_t total = 0;
  for (;;) {
    const std::string_view piece = co_await rq.stream->read();
    if (piece.empty()) break;
    total += piece.size();
    seen.bytes = total;
  }
  ++seen.calls;
  co_return http::text(std::to_string(total));
}

Task<Response> form(Seen& seen, Request& rq) {
  http::Multipart parts(rq);
  std::string names;
  for (;;) {
    const std::optional<http::Part> part = co_await parts.next();
    if (!part) break;
    names += part->name + ";";
  }
  ++seen.calls;
  co_return http::text(names);
}

Task<Response> refuse_upload(Seen&, Request&) { co_return http::text("no", 403); }

Task<Response> slow(Seen& seen, Request&) {
  ++seen.running;
  const bool whole = co_await core::sleep_for(20s);  // until it is stopped
  if (!whole) ++seen.stops;
  --seen.running;
  co_return http::text("late");
}

// Ignores its stop.
Task<Response> deaf(Seen& seen, Request&) {
  ++seen.running;
  core::set_task_context(std::make_shared<core::TaskContext>());
  const bool whole = co_await core::sleep_for(1500ms);  // longer than a drain waits
  --seen.running;
  ++seen.calls;
  co_return http::text(whole ? "deaf" : "heard");
}

Task<Response> brief(Seen& seen, Request&) {
  const bool whole = co_await core::sleep_for(150ms);  // shorter than a drain waits
  ++seen.calls;
  co_return http::text(whole ? "whole" : "stopped");
}

Task<Response> bug(Seen&, Request&) {
  throw std::runtime_error("secret detail of the database");
  co_return http::empty();
}
Task<Response> no_exception(Seen&, Request&) {
  throw 42;
  co_return http::empty();
}
Task<> write_no_exception(http::BodyWriter& writer) {
  co_await writer.write("first");
  throw 42;
}
Task<Response> broken_oddly(Seen&, Request&) {
  Response answer;
  answer.body = http::StreamBody{.write = write_no_exception, .length = std::nullopt};
  co_return answer;
}
Task<Response> form_fields(Seen&, Request& rq) { co_return http::text(std::to_string(rq.form().size())); }
Task<Response> read_json(Seen&, Request& rq) { co_return http::text(rq.json().is_null() ? "null" : "some"); }
Task<Response> away(Seen&, Request& rq) { co_return http::redirect(std::string(rq.query("to").value_or("/"))); }
Task<Response> nothing(Seen&, Request&) { co_return http::empty(); }
Task<Response> problem(Seen&, Request&) {
  throw core::Problem(402, "billing.insufficient_credits");
  co_return http::empty();
}
Task<Response> inject(Seen&, Request& rq) {
  co_return http::text("x").header("X-Echo", std::string(rq.query("v").value_or("")));
}
Task<Response> page(Seen&, Request& rq) {
  co_return http::text("<!doctype html><p>" + rq.csp_nonce).header("Content-Type", "text/html; charset=utf-8");
}
Task<Response> json(Seen&, Request&) { co_return http::json("{}"); }
Task<Response> big(Seen&, Request&) { co_return http::text(std::string(32 << 20, 'x')); }
Task<Response> cookie(Seen&, Request& rq) {
  rq.set_cookies.push_back("session=1; Path=/; HttpOnly; SameSite=Lax");
  co_return http::text("x").header("Cache-Control", "public, max-age=60");
}

Task<> write_broken(http::BodyWriter& writer) {
  co_await writer.write("first");
  throw std::runtime_error("the source failed");
}
Task<Response> broken(Seen&, Request&) {
  Response answer;
  answer.body = http::StreamBody{.write = write_broken, .length = std::nullopt};
  co_return answer;
}

Task<> tell(Seen& seen, http::EventStream& stream) {
  ++seen.running;
  co_await stream.send("progress", "{\"n\":1}\nsecond line", "7");
  for (;;) {
    const bool goes_on = co_await core::sleep_for(50ms);  // a stream of comments
    if (!goes_on) break;
    co_await stream.comment();
  }
  ++seen.stops;
  --seen.running;
}
Task<Response> stream(Seen& seen, Request&) {
  co_return http::events([&seen](http::EventStream& to) { return tell(seen, to); });
}

}  // namespace

void mount_all(http::Router& router, Seen& seen, const std::string& path) {
  const auto on = [&seen](Task<Response> (*fn)(Seen&, Request&)) { return http::with(seen, fn); };
  const http::Limits endless{.body = 64 << 20, .deadline = 0s};
  router.get("/hello", Access::anyone, on(hello));
  router.get("/paths/{rest...}", Access::anyone, on(hello));
  router.post("/echo", Access::anyone, on(echo));
  router.post("/small", Access::anyone, on(echo), {.body = 10});
  router.stream(http::Method::post, "/upload", Access::anyone, on(upload), endless);
  router.stream(http::Method::post, "/upload-small", Access::anyone, on(upload), {.body = 1000, .deadline = 0s});
  router.stream(http::Method::post, "/upload-refused", Access::anyone, on(refuse_upload), endless);
  router.stream(http::Method::post, "/upload-timed", Access::anyone, on(upload), {.body = 1000, .deadline = 1s});
  router.stream(http::Method::post, "/form", Access::user, on(form), endless);
  router.stream(http::Method::post, "/storage/v1/object/{key...}", Access::anyone, on(upload), endless);
  router.get("/slow", Access::anyone, on(slow), {.deadline = 30s});
  router.get("/deadline", Access::anyone, on(slow), {.deadline = 1s});
  router.get("/deaf", Access::anyone, on(deaf), {.deadline = 1s});
  router.get("/brief", Access::anyone, on(brief));
  router.get("/bug", Access::anyone, on(bug));
  router.get("/api/bug", Access::anyone, on(bug));
  router.get("/problem", Access::anyone, on(problem));
  router.get("/no-exception", Access::anyone, on(no_exception));
  router.get("/broken-oddly", Access::anyone, on(broken_oddly), endless);
  router.post("/form-fields", Access::anyone, on(form_fields));
  router.post("/json", Access::anyone, on(read_json));
  router.get("/away", Access::anyone, on(away));
  router.get("/nothing", Access::anyone, on(nothing));
  router.get("/inject", Access::anyone, on(inject));
  router.get("/page", Access::visitor, on(page));
  router.get("/app", Access::user, on(page));
  router.get("/api/things", Access::user, on(json));
  router.get("/rest/v1/things", Access::anyone, on(json));
  router.get("/big", Access::anyone, on(big), endless);
  router.get("/cookie", Access::anyone, on(cookie));
  router.get("/broken", Access::anyone, on(broken), endless);
  router.get("/events", Access::anyone, on(stream), endless);
  router.get("/my-events", Access::user, on(stream), endless);
  router.get("/file", Access::anyone, [path](Request& rq) -> Task<Response> {
    co_return http::file(rq, path, 1000000, {.content_type = "video/mp4", .etag = "\"v1\"", .modified = 784111777});
  });
}

}  // namespace live
