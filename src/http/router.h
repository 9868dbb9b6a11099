// The route table: URL, who may call, function. `Access` has no default, so a route without a guard does not compile.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"
#include "http/response.h"
#include "http/route_group.h"

namespace http {

enum class Access {
  anyone,    // no session is looked up and no cookie is read: webhooks, health, static files, public API endpoints
  visitor,   // pages open to all: the caller is set when signed in; CSRF is checked on unsafe methods
  user,      // signed in by cookie or bearer; otherwise /app pages redirect to /login?next=…, APIs answer 401
  admin,     // a user listed in tenon.admins
  api_key,   // APIs behind the gateway check: a valid `apikey`, the caller from the bearer
             // (docs/spec/supabase-auth.md 1)
  bearer,    // APIs that check the bearer themselves (storage): the caller is set when it is valid, else nobody
  internal,  // Authorization: Bearer INTERNAL_NOTIFY_SECRET, compared in constant time
};
std::string_view name_of(Access access);

using Handler = std::function<Task<Response>(Request&)>;

// The middleware in front of every handler. access/ implements it; app/ passes it to the server.
class AccessControl {
 public:
  virtual ~AccessControl() = default;
  // Sets rq.caller, rq.csrf_token and rq.set_cookies. Returns the refusal to answer with, or nothing to go on. Checks
  // Origin and CSRF token of cookie callers on unsafe methods; on streamed routes the token is left to Multipart
  // (rq.csrf_pending). Refusals are returned, not thrown, so that a flood stays cheap.
  virtual Task<std::optional<Response>> admit(Request& rq, Access access) = 0;
};

struct Limits {
  std::uint64_t body = 1 << 20;       // bytes; 413 beyond
  std::chrono::seconds deadline{30};  // for the handler; 503 beyond. 0: none (SSE, uploads, downloads)
};

class Router {
 public:
  // Everything below `prefix` that is not in a longer group: routes added later, and paths that match none. A group
  // without `errors` has those of the group around it; group("/") is the outermost.
  void group(std::string prefix, RouteGroup group);

  // Patterns: "/api/projects/{id}"; a final "{rest...}" takes the remainder. A literal wins over a parameter.
  void get(std::string pattern, Access access, Handler handler, Limits limits = {});  // also HEAD
  void post(std::string pattern, Access access, Handler handler, Limits limits = {});
  void put(std::string pattern, Access access, Handler handler, Limits limits = {});
  void patch(std::string pattern, Access access, Handler handler, Limits limits = {});
  void del(std::string pattern, Access access, Handler handler, Limits limits = {});
  void head(std::string pattern, Access access, Handler handler, Limits limits = {});
  void options(std::string pattern, Access access, Handler handler, Limits limits = {});
  // The handler reads rq.stream; the body is not buffered.
  void stream(Method method, std::string pattern, Access access, Handler handler, Limits limits);

  struct Route {
    Method method;
    std::string pattern;
    Access access;
    Limits limits;
    bool streamed;
    Handler handler;
    const RouteGroup* group;  // lives as long as the router
  };
  const std::vector<Route>& routes() const { return routes_; }
  struct Match {
    const Route* route = nullptr;  // null: 404, or 405 when `allow` is not empty
    std::vector<std::pair<std::string, std::string>> params;
    std::string allow;  // methods of the other routes with this path
  };
  Match find(Method method, std::string_view decoded_path) const;
  const RouteGroup& group_of(std::string_view path) const;

  Router();
  ~Router();

 private:
  struct Node;
  enum class Body { collected, streamed };
  void add(Method method, std::string pattern, Access access, Handler handler, Limits limits, Body body);
  std::vector<Route> routes_;
  std::vector<std::unique_ptr<const RouteGroup>> groups_;  // longest prefix first; the last is "/"
  std::unique_ptr<Node> root_;
};

// Binds a module to one of its handlers: r.post("/api/x", Access::user, with(billing, checkout)).
template <class Module>
Handler with(Module& module, Task<Response> (*fn)(Module&, Request&)) {
  return [&module, fn](Request& rq) { return fn(module, rq); };
}

}  // namespace http
