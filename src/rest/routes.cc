#include "rest/endpoints.h"
#include "rest/error.h"
#include "rest/response/error_response.h"

namespace rest {
namespace {

Task<http::Response> unknown_path(const Request&, const SchemaCache&, Executor&) {
  throw Error(404, "PGRST125", "Invalid path specified in request URL");
  co_return http::empty();
}
Task<http::Response> unknown_method(const Request& request, const SchemaCache&, Executor&) {
  throw Error(405, "PGRST117", "Unsupported HTTP method: " + std::string(http::name_of(request.http.method)));
  co_return http::empty();
}
Task<http::Response> unknown_rpc_method(const Request& request, const SchemaCache&, Executor&) {
  throw Error(405, "PGRST101", "Cannot use the " + std::string(http::name_of(request.http.method)) + " method on RPC");
  co_return http::empty();
}

http::Handler allowing(std::string methods) {
  return [methods](http::Request&) -> Task<http::Response> {
    http::Response response = http::empty(200);
    response.headers.set("Allow", methods);
    co_return response;
  };
}

}  // namespace

void mount(http::Router& r, Rest& rest) {
  using http::Access;
  r.group("/rest/v1", {.errors = format_problem, .cors = http::Cors::any_origin});
  // A little longer than the longest statement_timeout.
  const http::Limits limits{.body = rest.config.max_body, .deadline = std::chrono::seconds(35)};
  const Access key = Access::api_key;

  for (const char* path : {"/rest/v1", "/rest/v1/"}) {
    r.get(path, key, serve(rest, root), limits);
    r.post(path, key, serve(rest, unknown_method), limits);
    r.patch(path, key, serve(rest, unknown_method), limits);
    r.put(path, key, serve(rest, unknown_method), limits);
    r.del(path, key, serve(rest, unknown_method), limits);
    r.options(path, Access::anyone, allowing("OPTIONS,GET,HEAD"));
  }

  r.get("/rest/v1/{table}", key, serve(rest, read), limits);
  r.post("/rest/v1/{table}", key, serve(rest, insert), limits);
  r.patch("/rest/v1/{table}", key, serve(rest, update), limits);
  r.put("/rest/v1/{table}", key, serve(rest, put), limits);
  r.del("/rest/v1/{table}", key, serve(rest, remove), limits);
  r.options("/rest/v1/{table}", Access::anyone, allowing("OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"));

  r.get("/rest/v1/rpc/{function}", key, serve(rest, call), limits);
  r.post("/rest/v1/rpc/{function}", key, serve(rest, call), limits);
  r.patch("/rest/v1/rpc/{function}", key, serve(rest, unknown_rpc_method), limits);
  r.put("/rest/v1/rpc/{function}", key, serve(rest, unknown_rpc_method), limits);
  r.del("/rest/v1/rpc/{function}", key, serve(rest, unknown_rpc_method), limits);
  r.options("/rest/v1/rpc/{function}", Access::anyone, allowing("OPTIONS,GET,HEAD,POST"));

  r.get("/rest/v1/{path...}", key, serve(rest, unknown_path), limits);
  r.post("/rest/v1/{path...}", key, serve(rest, unknown_path), limits);
  r.patch("/rest/v1/{path...}", key, serve(rest, unknown_path), limits);
  r.put("/rest/v1/{path...}", key, serve(rest, unknown_path), limits);
  r.del("/rest/v1/{path...}", key, serve(rest, unknown_path), limits);
}

}  // namespace rest
