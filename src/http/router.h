// CONTRACT. URL, who may call, function. `Access` has no default: a route without a guard does not compile.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"
#include "http/response.h"

namespace http {

enum class Access {
  anyone,   // no identity is looked up and no cookie is read: webhooks, health, static files, open wire paths
  visitor,  // pages open to all: identity if there is one, CSRF on unsafe methods
  user,     // a signed-in person by cookie or bearer; /app* redirects to /login?next=…, all else 401 Unauthorized
  admin,    // a user in tenon.admins
  api_key,  // a Supabase wire behind the gateway check: valid `apikey`; caller from the bearer (spec/supabase-auth.md
            // 1)
  bearer,  // a Supabase wire that judges its own bearer (storage): caller is filled when one is valid, nobody otherwise
  internal,  // Authorization: Bearer INTERNAL_NOTIFY_SECRET, constant time
};
std::string_view name_of(Access access);

using Handler = std::function<Task<Response>(Request&)>;

// What the guard asks. auth/ implements it; app/ hands it to the server.
class Identity {
 public:
  virtual ~Identity() = default;
  // Fills rq.caller, rq.csrf_token, rq.set_cookies. Returns an answer to refuse with, or nothing to go on. It checks
  // Origin and CSRF for cookie callers on unsafe methods (deferring the token to Multipart by rq.csrf_pending on
  // streamed routes). Never throws for a flood's sake: refusals are plain answers.
  virtual Task<std::optional<Response>> admit(Request& rq, Access access) = 0;
};

struct Limits {
  std::uint64_t body = 1 << 20;       // bytes; 413 beyond
  std::chrono::seconds deadline{30};  // for the handler; 503 beyond. 0: none (SSE, uploads, downloads)
};

class Router {
 public:
  // Patterns: "/api/projects/{id}", a last "{rest...}" takes the remainder. A literal beats a parameter.
  void get(std::string pattern, Access access, Handler handler, Limits limits = {});  // also answers HEAD
  void post(std::string pattern, Access access, Handler handler, Limits limits = {});
  void put(std::string pattern, Access access, Handler handler, Limits limits = {});
  void patch(std::string pattern, Access access, Handler handler, Limits limits = {});
  void del(std::string pattern, Access access, Handler handler, Limits limits = {});
  void head(std::string pattern, Access access, Handler handler, Limits limits = {});
  void options(std::string pattern, Access access, Handler handler, Limits limits = {});
  // The handler reads rq.stream; nothing is buffered.
  void stream(Method method, std::string pattern, Access access, Handler handler, Limits limits);

  struct Route {
    Method method;
    std::string pattern;
    Access access;
    Limits limits;
    bool streamed;
    Handler handler;
  };
  const std::vector<Route>& routes() const { return routes_; }
  struct Match {
    const Route* route = nullptr;  // null: 404, or 405 when `allow` is not empty
    std::vector<std::pair<std::string, std::string>> params;
    std::string allow;  // methods of the other routes with this path
  };
  Match find(Method method, std::string_view decoded_path) const;

  Router();
  ~Router();

 private:
  struct Node;
  void add(Method method, std::string pattern, Access access, Handler handler, Limits limits, bool streamed);
  std::vector<Route> routes_;
  std::unique_ptr<Node> root_;
};

// Binds a module to its use cases: r.post("/api/x", Access::user, with(billing, checkout)).
template <class Module>
Handler with(Module& module, Task<Response> (*fn)(Module&, Request&)) {
  return [&module, fn](Request& rq) { return fn(module, rq); };
}

}  // namespace http
