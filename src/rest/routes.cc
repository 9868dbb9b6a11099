#include "rest/call.h"
#include "rest/rest.h"

namespace rest {
namespace {

Task<http::Response> no_such_path(Call&) {
  throw Fault(404, "PGRST125", "Invalid path specified in request URL");
  co_return http::empty();
}
Task<http::Response> no_such_verb(Call& call) {
  throw Fault(405, "PGRST117", "Unsupported HTTP method: " + std::string(http::name_of(call.rq.method)));
  co_return http::empty();
}
Task<http::Response> no_such_call(Call& call) {
  throw Fault(405, "PGRST101", "Cannot use the " + std::string(http::name_of(call.rq.method)) + " method on RPC");
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
  r.group("/rest/v1", {.errors = [](const http::Request&, const core::Problem& p) { return wire_problem(p); },
                       .cors = http::Cors::any_origin});
  // The longest statement_timeout, and a moment.
  const http::Limits limits{.body = rest.config.max_body, .deadline = std::chrono::seconds(35)};
  const Access key = Access::api_key;

  for (const char* root : {"/rest/v1", "/rest/v1/"}) {
    r.get(root, key, on_wire(rest, describe), limits);
    r.post(root, key, on_wire(rest, no_such_verb), limits);
    r.patch(root, key, on_wire(rest, no_such_verb), limits);
    r.put(root, key, on_wire(rest, no_such_verb), limits);
    r.del(root, key, on_wire(rest, no_such_verb), limits);
    r.options(root, Access::anyone, allowing("OPTIONS,GET,HEAD"));
  }

  r.get("/rest/v1/{table}", key, on_wire(rest, read), limits);
  r.post("/rest/v1/{table}", key, on_wire(rest, insert), limits);
  r.patch("/rest/v1/{table}", key, on_wire(rest, update), limits);
  r.put("/rest/v1/{table}", key, on_wire(rest, put), limits);
  r.del("/rest/v1/{table}", key, on_wire(rest, remove), limits);
  r.options("/rest/v1/{table}", Access::anyone, allowing("OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"));

  r.get("/rest/v1/rpc/{function}", key, on_wire(rest, call_function), limits);
  r.post("/rest/v1/rpc/{function}", key, on_wire(rest, call_function), limits);
  r.patch("/rest/v1/rpc/{function}", key, on_wire(rest, no_such_call), limits);
  r.put("/rest/v1/rpc/{function}", key, on_wire(rest, no_such_call), limits);
  r.del("/rest/v1/rpc/{function}", key, on_wire(rest, no_such_call), limits);
  r.options("/rest/v1/rpc/{function}", Access::anyone, allowing("OPTIONS,GET,HEAD,POST"));

  r.get("/rest/v1/{path...}", key, on_wire(rest, no_such_path), limits);
  r.post("/rest/v1/{path...}", key, on_wire(rest, no_such_path), limits);
  r.patch("/rest/v1/{path...}", key, on_wire(rest, no_such_path), limits);
  r.put("/rest/v1/{path...}", key, on_wire(rest, no_such_path), limits);
  r.del("/rest/v1/{path...}", key, on_wire(rest, no_such_path), limits);
}

}  // namespace rest
