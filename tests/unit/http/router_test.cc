#include "http/router.h"

#include <doctest/doctest.h>

using http::Access;
using http::Method;

namespace {

core::Task<http::Response> nothing(http::Request&) { co_return http::empty(); }

struct Table {
  http::Router router;
  Table() {
    router.get("/", Access::visitor, nothing);
    router.get("/api/projects", Access::user, nothing);
    router.post("/api/projects", Access::user, nothing);
    router.get("/api/projects/{id}", Access::user, nothing);
    router.del("/api/projects/{id}", Access::user, nothing);
    router.get("/api/projects/new", Access::user, nothing);
    router.post("/api/projects/{id}/inputs", Access::user, nothing);
    router.get("/storage/v1/object/{bucket}/{key...}", Access::bearer, nothing);
    router.head("/storage/v1/object/{bucket}/{key...}", Access::bearer, nothing);
    router.post("/storage/v1/object/list/{bucket}", Access::bearer, nothing);
    router.get("/rest/v1/", Access::api_key, nothing);
  }
  std::string pattern(Method method, std::string_view path) const {
    const auto match = router.find(method, path);
    if (match.route) return match.route->pattern;
    return match.allow.empty() ? "404" : "405 " + match.allow;
  }
};

}  // namespace

TEST_CASE("the pattern that matches is found, a literal before a parameter") {
  const Table table;
  CHECK(table.pattern(Method::get, "/") == "/");
  CHECK(table.pattern(Method::get, "/api/projects/new") == "/api/projects/new");
  CHECK(table.pattern(Method::get, "/api/projects/42") == "/api/projects/{id}");
  CHECK(table.pattern(Method::post, "/api/projects/new/inputs") == "/api/projects/{id}/inputs");
  CHECK(table.pattern(Method::del, "/api/projects/new") == "/api/projects/{id}");
  CHECK(table.pattern(Method::get, "/rest/v1/") == "/rest/v1/");
  CHECK(table.pattern(Method::post, "/storage/v1/object/list/b") == "/storage/v1/object/list/{bucket}");
}

TEST_CASE("parameters are named by the pattern, the last may take the remainder") {
  const Table table;
  const auto match = table.router.find(Method::get, "/storage/v1/object/b/u_1/p 2/x.mp4");
  REQUIRE(match.route);
  CHECK(match.params == std::vector<std::pair<std::string, std::string>>{{"bucket", "b"}, {"key", "u_1/p 2/x.mp4"}});
}

TEST_CASE("what no pattern matches is 404, another method 405 with the ones allowed") {
  const Table table;
  for (const char* path : {"/nothing", "/api/projects/", "/api/projects/1/x", "/api", "//", "/rest/v1", "/API/projects",
                           "/storage/v1/object/b/", "/storage/v1/object/b"}) {
    CAPTURE(path);
    CHECK(table.pattern(Method::get, path) == "404");
  }
  CHECK(table.pattern(Method::put, "/api/projects") == "405 GET, HEAD, POST");
  CHECK(table.pattern(Method::patch, "/api/projects/7") == "405 GET, HEAD, DELETE");
}

TEST_CASE("HEAD is answered by its own route, or else by GET's") {
  const Table table;
  CHECK(table.router.find(Method::head, "/api/projects").route->method == Method::get);
  CHECK(table.router.find(Method::head, "/storage/v1/object/b/k").route->method == Method::head);
}

TEST_CASE("the same method and pattern twice is a fault of the program") {
  Table table;
  CHECK_THROWS_AS(table.router.get("/api/projects/{other}", Access::user, nothing), std::logic_error);
}

TEST_CASE("a path of many segments costs no more than the patterns have") {
  http::Router router;
  for (const char* pattern : {"/a/a/a/a/{x}", "/a/a/a/{x}/b", "/a/a/{x}/a/c", "/{x}/a/a/a/d"})
    router.get(pattern, Access::anyone, nothing);
  std::string path;
  for (int i = 0; i < 8000; ++i) path += "/a";
  CHECK_FALSE(router.find(Method::get, path).route);
  CHECK(router.find(Method::get, "/a/a/a/a/d").route->pattern == "/a/a/a/a/{x}");
}

TEST_CASE("a route belongs to the longest group that its pattern is below") {
  http::Router router;
  router.group("/", {.errors = [](const http::Request&, const core::Problem&) { return http::text("page"); }});
  router.group("/rest", {.errors = [](const http::Request&, const core::Problem&) { return http::text("rest"); }});
  router.group("/rest/v1", {.cors = http::Cors::any_origin});
  router.get("/rest/v1/{table}", Access::api_key, nothing);
  router.get("/restful", Access::visitor, nothing);
  CHECK(router.find(Method::get, "/rest/v1/t").route->group->prefix == "/rest/v1");
  CHECK(router.find(Method::get, "/restful").route->group->prefix == "/");
  CHECK(router.group_of("/rest/v1").cors == http::Cors::any_origin);
  CHECK(router.group_of("/rest/v2/t").cors == http::Cors::same_origin);
  CHECK(router.group_of("*").prefix == "/");
}

TEST_CASE("a group without an error format has that of the group around it") {
  http::Router router;
  router.group("/", {.errors = [](const http::Request&, const core::Problem&) { return http::text("page"); }});
  router.group("/rest", {.errors = [](const http::Request&, const core::Problem&) { return http::text("rest"); }});
  router.group("/rest/v1", {});
  http::Request rq;
  rq.group = &router.group_of("/rest/v1/nothing");
  CHECK(std::get<std::string>(http::error_response(rq, core::Problem(404, "http.not_found")).body) == "rest");
}

TEST_CASE("a format that fails leaves the plain error object") {
  http::Router router;
  router.group("/", {.errors = [](const http::Request&, const core::Problem&) -> http::Response {
                 throw std::runtime_error("no such view");
               }});
  http::Request rq;
  rq.group = &router.group_of("/nothing");
  const http::Response answer = http::error_response(rq, core::Problem(404, "http.not_found"));
  CHECK(answer.status == 404);
  CHECK(std::get<std::string>(answer.body).contains(R"("code":"not_found")"));
}

TEST_CASE("a group is declared once and before its routes") {
  http::Router router;
  router.get("/rest/v1/{table}", Access::api_key, nothing);
  CHECK_THROWS_AS(router.group("/rest/v1", {}), std::logic_error);
  router.group("/auth/v1", {});
  CHECK_THROWS_AS(router.group("/auth/v1", {}), std::logic_error);
}
