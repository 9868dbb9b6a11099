// A request as handlers see it: the head is already validated (docs/spec/security.md 1), the path decoded once.
#pragma once

#include <any>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/json.h"
#include "core/task.h"

namespace http {

using core::Task;

enum class Method { get, head, post, put, patch, del, options };
std::string_view name_of(Method method);
constexpr bool is_get_or_head(Method method) { return method == Method::get || method == Method::head; }

// Names are compared without case; order and repeats are kept.
class Headers {
 public:
  void add(std::string name, std::string value);
  void set(std::string name, std::string value);      // replaces
  std::string_view get(std::string_view name) const;  // the first value, or empty
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return list_; }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

// The authenticated caller. Set by AccessControl before the handler runs.
struct Caller {
  enum class Kind { nobody, user, key };  // key: an API key (anon or service_role) without a user
  Kind kind = Kind::nobody;
  core::UserId user;
  core::SessionId session;
  std::string email;
  std::string role;    // anon, authenticated or service_role
  std::string claims;  // the verified token's claims as JSON, as pg::as_claims takes them
  bool by_cookie = false;
  bool signed_in() const { return kind == Kind::user; }
};

struct RouteGroup;  // http/route_group.h

// Reads a streamed body. read() returns the next piece (at most 64 KiB), empty at the end. Throws Problem 413 beyond
// the route's limit and 408 when the client is too slow.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual Task<std::string_view> read() = 0;  // valid until the next read()
};

class Request {
 public:
  Method method = Method::get;
  std::string path;                                          // decoded, starts with '/'
  std::string target;                                        // as sent
  std::vector<std::pair<std::string, std::string>> queries;  // decoded, in order
  Headers headers;
  std::string body;                                         // empty on streamed routes
  BodyReader* stream = nullptr;                             // set on streamed routes only
  std::vector<std::pair<std::string, std::string>> params;  // {id} of the route's pattern
  std::string route;                                        // the pattern that matched
  const RouteGroup* group = nullptr;                        // of the path, also where no route matched
  std::string client_ip;                                    // forwarding headers count only from trusted proxies
  bool https = false;                                       // likewise
  std::string request_id;
  Caller caller;
  std::any page_extras;    // loaded beside the session for the page's layout; html/ knows the type
  std::string csp_nonce;   // fresh for each request, base64
  std::string csrf_token;  // sent back by the page's forms as `_csrf`; empty on Access::anyone and on APIs
  std::vector<std::string> set_cookies;  // middleware's Set-Cookie values (session, csrf), sent with any response
  bool csrf_pending = false;             // streamed form: http::Multipart checks the field `_csrf` before any file

  std::string_view header(std::string_view name) const { return headers.get(name); }
  std::optional<std::string_view> query(std::string_view name) const;  // the first of that name
  std::string_view param(std::string_view name) const;                 // empty when the pattern has no such parameter
  std::optional<std::string> cookie(std::string_view name) const;
  // The id in a path parameter. Throws Problem 404 not_found when it is no UUID, as for another user's id.
  template <class Id>
  Id id(std::string_view name) const;
  // The body as JSON. Throws Problem 400 bad_json, 415 for another content type.
  core::Json json() const;
  // Fields of an urlencoded or small multipart body, in order. Throws Problem 400 or 415.
  const std::vector<std::pair<std::string, std::string>>& form() const;
  std::string_view form(std::string_view name) const;  // the first, or empty
  // True when Accept prefers HTML over JSON: a browser that loads a page or submits a form.
  bool wants_html() const;

 private:
  mutable std::optional<std::vector<std::pair<std::string, std::string>>> form_;
};

[[noreturn]] void throw_not_found();

template <class Id>
Id Request::id(std::string_view name) const {
  const auto parsed = Id::parse(param(name));
  if (!parsed) throw_not_found();
  return *parsed;
}

}  // namespace http
