// CONTRACT. A request as a handler sees it: head already judged strict (spec/security.md 1), path decoded once.
#pragma once

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

// Names compare without case; order and repeats are kept.
class Headers {
 public:
  void add(std::string name, std::string value);
  void set(std::string name, std::string value);      // replaces
  std::string_view get(std::string_view name) const;  // the first, or empty
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return list_; }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

// Who asks. Set by the guard before the handler runs.
struct Caller {
  enum class Kind { nobody, user, key };  // key: an API key of the wires (anon or service_role) without a user
  Kind kind = Kind::nobody;
  core::UserId user;
  core::SessionId session;
  std::string email;
  std::string role;    // anon, authenticated or service_role
  std::string claims;  // the verified token's claims as JSON; what pg::as_claims takes
  bool by_cookie = false;
  bool signed_in() const { return kind == Kind::user; }
};

// What every page of the app tells its person until it is mended, a failed payment say.
struct Banner {
  std::string kind;  // bad or warn
  std::string text;  // a text key; {day} in its sentence is `day`
  std::optional<core::Time> day;
  std::string url, action;  // where it is mended, and the text key of the link
};

// Pulls a body that is not read into memory. read() gives the next piece (at most 64 KiB), empty at the end; it throws
// Problem 413 when the route's limit is passed, 408 when the client is too slow.
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
  std::string client_ip;                                    // by the trusted-proxy rule
  bool https = false;                                       // likewise
  std::string request_id;
  Caller caller;
  std::vector<Banner> banners;
  std::string csp_nonce;   // fresh for each request, base64
  std::string csrf_token;  // what the page's forms must send back as `_csrf` (empty on Access::anyone, wires)
  std::vector<std::string>
      set_cookies;            // the guard's own Set-Cookie values (refreshed session, csrf); sent with any answer
  bool csrf_pending = false;  // streamed form: http::Multipart checks the first field `_csrf` before any file

  std::string_view header(std::string_view name) const { return headers.get(name); }
  std::optional<std::string_view> query(std::string_view name) const;  // the first of that name
  std::string_view param(std::string_view name) const;                 // empty when the pattern has none
  std::optional<std::string> cookie(std::string_view name) const;
  // The id of a path parameter; throws Problem 404 not_found when it is no UUID (another's id looks the same).
  template <class Id>
  Id id(std::string_view name) const;
  // The body as JSON; throws Problem 400 bad_json or 415.
  core::Json json() const;
  // Fields of an application/x-www-form-urlencoded (or small multipart) body, in order; throws Problem 400/415.
  const std::vector<std::pair<std::string, std::string>>& form() const;
  std::string_view form(std::string_view name) const;  // the first, or empty
  // True when the client prefers HTML (a browser's form or page) over JSON.
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
