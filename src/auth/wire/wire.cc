#include "auth/wire/wire.h"

#include "auth/keys/keyring.h"
#include "auth/passwords/password.h"
#include "auth/redirect.h"
#include "core/crypto.h"
#include "core/text.h"
#include "html/messages.h"

namespace auth {
namespace {

constexpr std::string_view kVersion = "2024-01-01";

// A date as the client sends it; what is no date means the oldest shape.
bool asks_new_shape(const http::Request& rq) {
  const std::string_view date = rq.header("x-supabase-api-version");
  if (date.size() != 10 || date[4] != '-' || date[7] != '-') return false;
  for (const std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9})
    if (date[i] < '0' || date[i] > '9') return false;
  return date >= kVersion;
}

Task<http::Response> answer(Auth& auth, Task<http::Response> (*use_case)(Auth&, http::Request&), http::Request& rq) {
  http::Response response;
  try {
    response = co_await use_case(auth, rq);
  } catch (const core::Problem& problem) {
    response = wire_error(rq, problem);
  }
  allow_any_origin(response);
  co_return response;
}

}  // namespace

http::Handler wire(Auth& auth, Task<http::Response> (*use_case)(Auth&, http::Request&)) {
  return [&auth, use_case](http::Request& rq) { return answer(auth, use_case, rq); };
}

http::Response wire_error(const http::Request& rq, const core::Problem& problem) {
  const bool is_new = asks_new_shape(rq);
  core::JsonWriter body;
  body.begin();
  if (is_new) body.field("code", problem.code).field("message", html::message("en", problem));
  else body.field("code", problem.status).field("error_code", problem.code).field("msg", html::message("en", problem));
  if (!is_new && problem.status >= 500) body.field("error_id", rq.request_id);
  if (const auto* weak = dynamic_cast<const WeakPassword*>(&problem)) {
    body.key("weak_password").begin().key("reasons").begin_array();
    for (const std::string& reason : weak->reasons) body.value(reason);
    body.end_array().end();
  }
  body.end();
  http::Response response = http::json(body.take(), problem.status);
  response.headers.set("x-sb-error-code", problem.code);
  if (is_new) response.headers.set("X-Supabase-Api-Version", std::string(kVersion));
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

http::Response wire_problem(const http::Request& rq, const core::Problem& problem) {
  if (problem.code != "internal") return wire_error(rq, problem);
  return wire_error(rq, core::Problem(problem.status, "unexpected_failure", html::message("en", problem)));
}

core::Json object_body(const http::Request& rq) {
  const core::Json body = rq.json();
  if (!body.is_object()) throw core::Problem(400, "bad_json", "Could not parse request body as JSON: not an object");
  return body;
}

std::string text_of(const core::Json& body, std::string_view name) {
  const core::Json member = body[name];
  if (member.is_null()) return {};
  if (!member.is_string())
    throw core::Problem(400, "bad_json",
                        "Could not parse request body as JSON: " + std::string(name) + " must be a string");
  return member.string_or("");
}

std::string object_of(const core::Json& body, std::string_view name) {
  const core::Json member = body[name];
  if (member.is_null()) return "{}";
  if (!member.is_object())
    throw core::Problem(400, "bad_json",
                        "Could not parse request body as JSON: " + std::string(name) + " must be an object");
  return member.dump();
}

Landing landing_of(const Auth& auth, const http::Request& rq, const core::Json& body) {
  Landing landing;
  if (names_other_place(auth.config, rq)) landing.redirect_to = redirect_target(auth.config, rq);
  landing.challenge = challenge_of(text_of(body, "code_challenge"), text_of(body, "code_challenge_method"));
  return landing;
}

http::Response session_answer(const Session& session) {
  http::Response response = http::json(session.json);
  response.headers.set("sb-auth-user-id", session.user.str());
  response.headers.set("sb-auth-session-id", session.id.str());
  return response;
}

std::string_view bearer_of(const http::Request& rq) {
  const std::string_view value = rq.header("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size() || !core::iequals(value.substr(0, kScheme.size()), kScheme)) return {};
  const std::string_view token = value.substr(kScheme.size());
  return token.find_first_of(" \t") == std::string_view::npos ? token : std::string_view{};
}

std::optional<std::string> role_of_known_key(const Auth& auth, std::string_view key) {
  const Config& config = auth.config;
  if (core::equal_constant_time(key, config.anon_key.reveal())) return "anon";
  if (core::equal_constant_time(key, config.service_key.reveal())) return "service_role";
  return auth.keyring().role_of(key);
}

std::optional<std::string> role_of_key(const Auth& auth, std::string_view key) {
  if (auto role = role_of_known_key(auth, key)) return role;
  const auto claims = auth.keyring().verify(key, auth.clock.now());
  if (!claims || !claims->subject.empty() || claims->role == "authenticated") return std::nullopt;
  return claims->role;
}

Task<Bearer> require_bearer(Auth& auth, const http::Request& rq) {
  const std::string_view token = bearer_of(rq);
  if (token.empty()) throw core::Problem(401, "no_authorization", "This endpoint requires a valid Bearer token");
  const auto claims = auth.keyring().verify(token, auth.clock.now());
  if (!claims)
    throw core::Problem(
        403, "bad_jwt",
        "invalid JWT: unable to parse or verify signature, " + std::string(jwt::sentence(claims.error())));
  if (claims->subject.empty()) throw core::Problem(403, "bad_jwt", "invalid claim: missing sub claim");
  if (!claims->user) throw core::Problem(400, "bad_jwt", "invalid claim: sub claim must be a UUID");
  const Checked checked = co_await check_session(auth, *claims->user, claims->session);
  switch (checked.standing) {
    case Standing::live: break;
    case Standing::no_user: throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
    case Standing::no_session:
      throw core::Problem(403, "session_not_found", "Session from session_id claim in JWT does not exist");
    case Standing::banned: throw core::Problem(403, "user_banned", "User is banned");
  }
  co_return Bearer{*claims->user, claims->session};
}

void require_service(Auth& auth, const http::Request& rq) {
  const std::string_view token = bearer_of(rq);
  if (token.empty()) throw core::Problem(401, "no_authorization", "This endpoint requires a valid Bearer token");
  if (const auto role = role_of_known_key(auth, token)) {
    if (*role == "service_role") return;
    throw core::Problem(403, "not_admin", "User not allowed");
  }
  const auto claims = auth.keyring().verify(token, auth.clock.now());
  if (!claims)
    throw core::Problem(
        403, "bad_jwt",
        "invalid JWT: unable to parse or verify signature, " + std::string(jwt::sentence(claims.error())));
  throw core::Problem(403, "not_admin", "User not allowed");
}

void allow_any_origin(http::Response& response) {
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Access-Control-Expose-Headers",
                       "X-Total-Count, Link, X-Supabase-Api-Version, Content-Range, x-sb-error-code");
}

http::Response preflight(const http::Request&) {
  http::Response response = http::empty(204);
  allow_any_origin(response);
  response.headers.set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
  response.headers.set("Access-Control-Allow-Headers",
                       "Accept, Authorization, Content-Type, apikey, X-Client-Info, X-Supabase-Api-Version, Prefer, "
                       "Range, Range-Unit, Accept-Profile, Content-Profile, x-upsert, x-metadata, cache-control, "
                       "x-retry-count, traceparent, tracestate, baggage, sentry-trace, redirect_to");
  response.headers.set("Access-Control-Max-Age", "3600");
  return response;
}

}  // namespace auth
