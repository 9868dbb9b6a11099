// Refusals are plain responses, not exceptions, so that a flood of them stays cheap.
#include "access/guard.h"

#include <fmt/format.h>

#include "access/bearer.h"
#include "access/client_info.h"
#include "access/csrf.h"
#include "access/mfa_pending.h"
#include "access/redirect_allowlist.h"
#include "access/session_cookie.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "core/task_context.h"
#include "core/text.h"
#include "http/route_group.h"

namespace access_control {
namespace {

using Refusal = std::optional<http::Response>;
using http::Access;
using http::Caller;

constexpr std::int64_t kRenewBefore = 60;          // seconds of life left in the access token
constexpr std::size_t kShortestRefreshToken = 12;  // what identity accepts as one
constexpr std::size_t kLongestRefreshToken = 512;
constexpr std::chrono::milliseconds kGrace{250};  // how long a response waits for extras once the session is checked

bool below(std::string_view route, std::string_view folder) {
  return route == folder || (route.starts_with(folder) && route.substr(folder.size()).starts_with('/'));
}
bool is_page(const http::Request& rq) { return below(rq.route, "/app") || below(rq.route, "/admin"); }
bool is_safe(http::Method method) {
  return method == http::Method::get || method == http::Method::head || method == http::Method::options;
}

enum class SessionEnded { no, yes };  // yes: the browser sent a session that is over

http::Response unauthorized(const http::Request& rq, SessionEnded ended = SessionEnded::no) {
  if (!is_page(rq)) return http::problem(core::Problem(401, "access.unauthorized"), rq);
  const std::string next = is_safe(rq.method) ? safe_next(rq.target) : "/app";
  std::string login = "/login?next=" + core::percent_encode(next, "/");
  if (ended == SessionEnded::yes) login += "&notice=access.session_ended";
  return http::redirect(login);
}

void set_caller(http::Request& rq, const jwt::Claims& claims, const std::string& email) {
  rq.caller.kind = Caller::Kind::user;
  rq.caller.user = *claims.user;
  if (claims.session) rq.caller.session = *claims.session;
  rq.caller.email = email;
  rq.caller.role = claims.role;
  rq.caller.claims = claims.text;
  if (const auto& context = core::task_context(); !context->request_id.empty()) context->user_id = claims.user->str();
}

bool is_person(const std::expected<jwt::Claims, jwt::Fault>& claims) {
  return claims && claims->user && claims->role == "authenticated";
}

bool lacks_second_factor(const SessionCheck& check, const jwt::Claims& claims) {
  return check.has_second_factor && claims.json["aal"].string_or("") != "aal2";
}

Task<> check_session(Credentials& credentials, const jwt::Claims& claims, SessionCheck& check,
                     std::exception_ptr& failure) {
  try {
    check = co_await credentials.check_session(*claims.user, claims.session);
  } catch (...) {  // rethrown by the caller, after the extras have ended
    failure = std::current_exception();
  }
}

Task<> load_extras(const SessionExtras& extras, http::Request& rq, core::UserId user, core::Event& loaded) {
  try {
    Task<> loading = extras(rq, user);
    co_await loading;
  } catch (const std::exception& e) {
    if (!core::task_context()->stop.stop_requested())
      core::log::warn("access.session_extras.failed", {{"what", e.what()}});
  }
  loaded.set();
}

http::Response refuse_api_call(std::string body, std::string challenge = "") {
  http::Response response = http::json(std::move(body), 401);
  if (!challenge.empty()) response.headers.set("WWW-Authenticate", std::move(challenge));
  return response;
}

// PostgREST's codes and texts, by which its clients distinguish an expired token from a forged one.
http::Response refuse_bearer(jwt::Fault fault, std::string_view token) {
  const auto [code, message] = [&]() -> std::pair<std::string_view, std::string> {
    switch (fault) {
      case jwt::Fault::expired: return {"PGRST303", "JWT expired"};
      case jwt::Fault::not_yet_valid: return {"PGRST303", "JWT not yet valid"};
      case jwt::Fault::issued_in_future: return {"PGRST303", "JWT issued at future"};
      case jwt::Fault::other_audience: return {"PGRST303", "JWT not in audience"};
      case jwt::Fault::bad_claims: return {"PGRST303", "Parsing claims failed"};
      case jwt::Fault::bad_algorithm: return {"PGRST301", "Wrong or unsupported encoding algorithm"};
      case jwt::Fault::bad_signature: return {"PGRST301", "No suitable key or wrong key type"};
      case jwt::Fault::malformed: break;
    }
    const auto parts = core::split(token, '.').size();
    if (parts != 3) return {"PGRST301", fmt::format("Expected 3 parts in JWT; got {}", parts)};
    return {"PGRST301", "JWT cryptographic operation failed"};
  }();
  return refuse_api_call(fmt::format(R"({{"code":"{}","details":null,"hint":null,"message":"{}"}})", code, message),
                         fmt::format(R"(Bearer error="invalid_token", error_description="{}")", message));
}

void set_key_caller(http::Request& rq, Caller::Kind kind, std::string_view role) {
  rq.caller.kind = kind;
  rq.caller.role = role;
  rq.caller.claims = fmt::format(R"({{"role":"{}"}})", role);
}

}  // namespace

// The session check starts first, so that nothing is queued before it on its connection.
Task<SessionCheck> Guard::check_session_with_extras(http::Request& rq, const jwt::Claims& claims) {
  if (!extras_) co_return co_await credentials_.check_session(*claims.user, claims.session);
  SessionCheck check;
  std::exception_ptr failure;
  core::Event loaded;
  core::TaskGroup session(loop_), extras(loop_);
  session.spawn("access.session", check_session(credentials_, claims, check, failure), core::task_context());
  auto own = std::make_shared<core::TaskContext>();
  own->request_id = core::task_context()->request_id;
  own->expendable = true;
  extras.spawn("access.session_extras", load_extras(extras_, rq, *claims.user, loaded), std::move(own));
  co_await session.join();
  if (failure || !co_await loaded.wait(kGrace)) extras.request_stop();
  co_await extras.join();
  if (failure) std::rethrow_exception(failure);
  co_return check;
}

// Sets the caller when the session cookie belongs to a live session, renews the session when its access token is about
// to expire, and removes the cookie when it is worthless.
Task<> Guard::identify_by_cookie(http::Request& rq) {
  if (!sends_session(config_, rq)) co_return;
  const core::Time now = clock_.now();
  const auto cookie = read_session(config_, rq);
  auto claims = cookie ? credentials_.verify_expired(cookie->access_token) : std::unexpected(jwt::Fault::malformed);
  bool live = false;
  bool factor_due = false;
  std::string email;
  if (is_person(claims) && claims->session) {
    const std::int64_t left = claims->expires - core::unix_seconds(now);
    std::optional<RenewFault> fault;
    const std::string& refresh_token = cookie->refresh_token;
    if (left < kRenewBefore && refresh_token.size() >= kShortestRefreshToken &&
        refresh_token.size() <= kLongestRefreshToken) {
      const auto renewed = co_await credentials_.renew(refresh_token, client_info_of(rq));
      if (const auto* session = std::get_if<RenewedSession>(&renewed)) {
        rq.set_cookies = session_cookies(config_, rq, session->json);
        claims = credentials_.verify(session->access_token, jwt::Clocks::strict);
      } else {
        fault = std::get<RenewFault>(renewed);
      }
    }
    if (is_person(claims) && claims->expires > core::unix_seconds(now) && (!fault || *fault == RenewFault::busy)) {
      const SessionCheck check = co_await check_session_with_extras(rq, *claims);
      live = check.live;
      email = check.email;
      factor_due = lacks_second_factor(check, *claims);
    } else if (fault == RenewFault::busy) {
      co_return;  // another request is renewing this session: keep the cookie
    }
  }
  if (live) {
    set_caller(rq, *claims, email);
    rq.caller.by_cookie = true;
    if (factor_due)  // mfa_pending.h
      rq.caller = Caller{.user = rq.caller.user, .session = rq.caller.session, .by_cookie = true};
  } else {
    rq.set_cookies = clear_session(config_, rq);
  }
  if (!rq.caller.signed_in()) rq.page_extras.reset();
}

Task<Refusal> Guard::identify_by_bearer(http::Request& rq) {
  const auto claims = credentials_.verify(bearer_of(rq), jwt::Clocks::strict);
  if (!is_person(claims)) co_return unauthorized(rq);
  const SessionCheck check = co_await credentials_.check_session(*claims->user, claims->session);
  if (!check.live) co_return unauthorized(rq);
  set_caller(rq, *claims, check.email);
  // The Supabase APIs leave the second factor to row-level security, as Supabase does; Tenon's own routes require it.
  if (lacks_second_factor(check, *claims)) co_return unauthorized(rq);
  co_return std::nullopt;
}

// Refuses a state change that the cookie authorises but the page's own form did not send.
Refusal Guard::refuse_forgery(http::Request& rq, Access access, const std::optional<std::string>& visitor) const {
  if (!same_origin(config_, rq)) {
    core::log::warn("access.csrf.refused", {{"why", "origin"}, {"route", rq.route}});
    return http::error_response(rq, core::Problem(403, "access.bad_origin"));
  }
  Csrf verdict = check_csrf(rq, rq.csrf_token);
  // A form that was opened before signing in elsewhere carries the visitor's token.
  if (verdict == Csrf::bad && access == Access::visitor && visitor)
    verdict = check_csrf(rq, csrf_token(config_, *visitor));
  if (verdict == Csrf::in_body) rq.csrf_pending = true;
  if (verdict != Csrf::bad) return std::nullopt;
  core::log::warn("access.csrf.refused", {{"why", "token"}, {"route", rq.route}});
  return http::error_response(rq, core::Problem(403, "access.bad_csrf_token"));
}

Task<Refusal> Guard::admit_person(http::Request& rq, Access access) {
  if (access != Access::visitor && !rq.header("authorization").empty()) {
    auto refusal = co_await identify_by_bearer(rq);
    if (refusal) co_return refusal;
  } else {
    co_await identify_by_cookie(rq);
  }
  if (access != Access::visitor && !rq.caller.signed_in()) {
    const bool ended = sends_session(config_, rq) && !is_mfa_pending(rq);
    co_return unauthorized(rq, ended ? SessionEnded::yes : SessionEnded::no);
  }

  const auto visitor = read_visitor(config_, rq);
  if (rq.caller.signed_in() || is_mfa_pending(rq)) {
    rq.csrf_token = csrf_token(config_, rq.caller.session);
  } else if (visitor) {
    rq.csrf_token = csrf_token(config_, *visitor);
  } else if (is_safe(rq.method)) {
    const std::string fresh = core::base64url(core::random_bytes(24));
    rq.set_cookies.push_back(visitor_cookie(config_, rq, fresh));
    rq.csrf_token = csrf_token(config_, fresh);
  }
  if (!is_safe(rq.method) && (rq.caller.by_cookie || access == Access::visitor)) {
    auto refusal = refuse_forgery(rq, access, visitor);
    if (refusal) co_return refusal;
  }
  if (access == Access::admin) {
    const bool admin = co_await credentials_.is_admin(rq.caller.user);
    // As an unknown address, so that nobody learns which pages there are.
    if (!admin) co_return http::error_response(rq, core::Problem(404, "http.not_found"));
  }
  co_return std::nullopt;
}

// Sets the caller from the bearer; returns what is wrong with it, nothing when it is valid or absent.
std::optional<jwt::Fault> Guard::check_bearer(http::Request& rq, Caller::Kind without_bearer) {
  set_key_caller(rq, without_bearer, "anon");
  const std::string_view token = bearer_of(rq);
  if (token.empty()) return std::nullopt;
  if (const auto role = credentials_.role_of_known_key(token)) {
    set_key_caller(rq, Caller::Kind::key, *role);
    return std::nullopt;
  }
  // PostgREST tolerates clocks that differ.
  const auto claims =
      credentials_.verify(token, below(rq.route, "/rest/v1") ? jwt::Clocks::lenient : jwt::Clocks::strict);
  if (!claims) return claims.error();
  if (claims->user) {
    set_caller(rq, *claims, claims->email);
  } else {
    rq.caller = Caller{.kind = Caller::Kind::key, .role = claims->role, .claims = claims->text};
  }
  return std::nullopt;
}

Refusal Guard::admit_api(http::Request& rq) {
  const std::string_view key = rq.header("apikey");
  if (key.empty())
    return refuse_api_call(
        R"({"message":"No API key found in request","hint":"No `apikey` request header or url param was found."})");
  if (!credentials_.role_of_api_key(key))
    return refuse_api_call(
        R"({"message":"Invalid API key","hint":"Double check your Supabase `anon` or `service_role` API key."})");
  const auto fault = check_bearer(rq, Caller::Kind::key);
  if (fault && !below(rq.route, "/auth/v1"))
    return refuse_bearer(*fault, bearer_of(rq));  // /auth/v1 has errors of its own for it
  return std::nullopt;
}

Refusal Guard::admit_internal(const http::Request& rq) const {
  const std::string& secret = config_.notify_secret.reveal();
  if (!secret.empty() && core::equal_constant_time(bearer_of(rq), secret)) return std::nullopt;
  core::log::warn("access.internal_call.refused", {{"ip", rq.client_ip}});
  return http::problem(core::Problem(401, "access.unauthorized"), rq);
}

Task<Refusal> Guard::admit(http::Request& rq, Access access) {
  const bool reads_tokens = access != Access::anyone && access != Access::internal;
  // Without a session cookie a page needs no key.
  if (reads_tokens && (access != Access::visitor || sends_session(config_, rq))) co_await credentials_.refresh_keys();
  switch (access) {
    case Access::anyone: break;
    case Access::visitor:
    case Access::user:
    case Access::admin: co_return co_await admit_person(rq, access);
    case Access::api_key: co_return admit_api(rq);
    case Access::bearer: check_bearer(rq, Caller::Kind::nobody); break;
    case Access::internal: co_return admit_internal(rq);
  }
  co_return std::nullopt;
}

}  // namespace access_control
