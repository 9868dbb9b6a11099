// Who may call, decided on the matched route. Refusals are plain answers, not exceptions: a flood stays cheap.
#include <fmt/format.h>

#include "auth/auth.h"
#include "auth/cookies.h"
#include "auth/csrf.h"
#include "auth/keys/jwt.h"
#include "auth/keys/keyring.h"
#include "auth/pages/half.h"
#include "auth/sessions/sessions.h"
#include "auth/wire/wire.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/task_context.h"
#include "core/text.h"
#include "html/html.h"

namespace auth {
namespace {

using Refusal = std::optional<http::Response>;
using http::Access;
using http::Caller;

constexpr std::int64_t kRefreshBefore = 60;  // seconds of life left in the access token

constexpr pg::Sql kIsAdmin{"auth.admin_check", R"sql(
  select tenon.is_admin($1)
)sql"};

bool below(std::string_view route, std::string_view folder) {
  return route == folder || (route.starts_with(folder) && route.substr(folder.size()).starts_with('/'));
}
bool is_page(const http::Request& rq) { return below(rq.route, "/app") || below(rq.route, "/admin"); }
bool is_safe(http::Method method) {
  return method == http::Method::get || method == http::Method::head || method == http::Method::options;
}

enum class Ended { no, yes };  // the browser came with a session that is over

http::Response unauthorized(const http::Request& rq, Ended session = Ended::no) {
  if (!is_page(rq)) return http::problem(core::Problem(401, "unauthorized", "Unauthorized"), rq);
  const std::string next = is_safe(rq.method) ? safe_next(rq.target) : "/app";
  std::string login = "/login?next=" + core::percent_encode(next, "/");
  if (session == Ended::yes) login += "&notice=auth.session_ended";
  if (rq.header("hx-request").empty()) return http::redirect(login);
  http::Response response = http::empty(401);  // a fragment: the page around it must go, not the fragment
  response.headers.set("HX-Redirect", login);
  return response;
}

http::Response forbidden(const http::Request& rq, const char* code, const char* sentence) {
  const core::Problem problem(403, code, sentence);
  return rq.wants_html() && !below(rq.route, "/api") ? html::error_page(rq, problem) : http::problem(problem, rq);
}

void fill(http::Request& rq, const jwt::Claims& claims, const std::string& email) {
  rq.caller.kind = Caller::Kind::user;
  rq.caller.user = *claims.user;
  if (claims.session) rq.caller.session = *claims.session;
  rq.caller.email = email;
  rq.caller.role = claims.role;
  rq.caller.claims = claims.text;
  if (const auto& mine = core::task_context(); !mine->request_id.empty()) mine->user_id = claims.user->str();
}

bool is_person(const std::expected<jwt::Claims, jwt::Fault>& claims) {
  return claims && claims->user && claims->role == "authenticated";
}

// How long an answer waits for what is asked beside its session, once that is found.
constexpr std::chrono::milliseconds kGrace{250};

Task<> look_up(Auth& auth, const jwt::Claims& claims, Checked& checked, std::exception_ptr& failure) {
  try {
    checked = co_await check_session(auth, *claims.user, claims.session);
  } catch (...) {  // only to wait for what runs beside it; it is thrown on
    failure = std::current_exception();
  }
}

Task<> ask(const Beside& beside, http::Request& rq, core::UserId user, core::Event& asked) {
  try {
    Task<> asking = beside(rq, user);
    co_await asking;
  } catch (const std::exception& e) {
    if (!core::task_context()->stop.stop_requested()) core::log::warn("auth.beside.failed", {{"what", e.what()}});
  }
  asked.set();
}

// The session first, so that nothing stands before it on its connection.
Task<Checked> check_beside(Auth& auth, const Beside& beside, http::Request& rq, const jwt::Claims& claims) {
  if (!beside) co_return co_await check_session(auth, *claims.user, claims.session);
  Checked checked;
  std::exception_ptr failure;
  core::Event asked;
  core::TaskGroup session(auth.loop), asides(auth.loop);
  session.spawn("auth.session", look_up(auth, claims, checked, failure), core::task_context());
  auto own = std::make_shared<core::TaskContext>();
  own->request_id = core::task_context()->request_id;
  own->expendable = true;
  asides.spawn("auth.beside", ask(beside, rq, *claims.user, asked), std::move(own));
  co_await session.join();
  if (failure || !co_await asked.wait(kGrace)) asides.request_stop();
  co_await asides.join();
  if (failure) std::rethrow_exception(failure);
  co_return checked;
}

// Fills the caller from the session cookie when it stands for a live session; renews it when its access token is about
// to end; removes it when it is worth nothing.
Task<> identify_by_cookie(Auth& auth, const Beside& beside, http::Request& rq) {
  if (!sends_session(auth.config, rq)) co_return;
  const core::Time now = auth.clock.now();
  const auto cookie = read_session(auth.config, rq);
  auto claims = cookie ? jwt::verify_expired(cookie->access_token, auth.keyring().keys(), now)
                       : std::unexpected(jwt::Fault::malformed);
  bool live = false;
  bool factor_due = false;
  std::string email;
  if (is_person(claims) && claims->session) {
    const std::int64_t left = claims->expires - core::unix_seconds(now);
    std::optional<RefreshFault> fault;
    if (left < kRefreshBefore && cookie->refresh_token.size() >= 12 && cookie->refresh_token.size() <= 512) {
      const Refreshed refreshed = co_await refresh(auth, cookie->refresh_token, origin_of(rq));
      if (const auto* session = std::get_if<Session>(&refreshed)) {
        rq.set_cookies = session_cookies(auth, rq, session->json);
        const auto json = core::Json::parse(session->json);
        claims = jwt::verify(json ? (*json)["access_token"].string_or("") : "", auth.keyring().keys(), now);
      } else {
        fault = std::get<RefreshFault>(refreshed);
        core::log::info("auth.session.not_refreshed", {{"fault", static_cast<int>(*fault)}});
      }
    }
    if (is_person(claims) && claims->expires > core::unix_seconds(now) && (!fault || *fault == RefreshFault::busy)) {
      const Checked checked = co_await check_beside(auth, beside, rq, *claims);
      live = checked.standing == Standing::live;
      email = checked.live.email;
      factor_due = checked.live.has_factor;
    } else if (fault == RefreshFault::busy) {
      co_return;  // another request renews this very session: keep the cookie
    }
  }
  if (live) {
    fill(rq, *claims, email);
    rq.caller.by_cookie = true;
    // Nobody yet, though known: login/code asks for the rest.
    if (factor_due && claims->json["aal"].string_or("") != "aal2")
      rq.caller = Caller{.user = rq.caller.user, .session = rq.caller.session, .by_cookie = true};
  } else {
    rq.set_cookies = clear_session(auth.config, rq);
  }
  if (!rq.caller.signed_in()) rq.page_extras.reset();
}

Task<Refusal> identify_by_bearer(Auth& auth, http::Request& rq) {
  const auto claims = auth.keyring().verify(bearer_of(rq), auth.clock.now());
  if (!is_person(claims)) co_return unauthorized(rq);
  const Checked checked = co_await check_session(auth, *claims->user, claims->session);
  if (checked.standing != Standing::live) co_return unauthorized(rq);
  fill(rq, *claims, checked.live.email);
  // The wires leave it to row-level security, as Supabase does; what is Tenon's own asks for all that was set up.
  if (checked.live.has_factor && claims->json["aal"].string_or("") != "aal2") co_return unauthorized(rq);
  co_return std::nullopt;
}

// Refuses a state change that a cookie, and not the page's own form, asks for.
Refusal refuse_forgery(Auth& auth, http::Request& rq, Access access, const std::optional<std::string>& visitor) {
  if (!same_origin(auth.config, rq)) {
    core::log::warn("auth.csrf.refused", {{"why", "origin"}, {"route", rq.route}});
    return forbidden(rq, "bad_origin", "This request did not come from a page of this site.");
  }
  Csrf verdict = check_csrf(rq, rq.csrf_token);
  // A form that was opened before signing in elsewhere carries the visitor's token.
  if (verdict == Csrf::bad && access == Access::visitor && visitor)
    verdict = check_csrf(rq, csrf_token(auth.config, *visitor));
  if (verdict == Csrf::in_body) rq.csrf_pending = true;
  if (verdict != Csrf::bad) return std::nullopt;
  core::log::warn("auth.csrf.refused", {{"why", "token"}, {"route", rq.route}});
  return forbidden(rq, "bad_csrf_token", "This page was open too long. Go back, reload it and try again.");
}

Task<Refusal> admit_person(Auth& auth, const Beside& beside, http::Request& rq, Access access) {
  if (access != Access::visitor && !rq.header("authorization").empty()) {
    auto refusal = co_await identify_by_bearer(auth, rq);
    if (refusal) co_return refusal;
  } else {
    co_await identify_by_cookie(auth, beside, rq);
  }
  if (access != Access::visitor && !rq.caller.signed_in()) {
    const bool ended = sends_session(auth.config, rq) && !is_half_signed_in(rq);
    co_return unauthorized(rq, ended ? Ended::yes : Ended::no);
  }

  const auto visitor = read_visitor(auth.config, rq);
  if (rq.caller.signed_in() || is_half_signed_in(rq)) {
    rq.csrf_token = csrf_token(auth.config, rq.caller.session);
  } else if (visitor) {
    rq.csrf_token = csrf_token(auth.config, *visitor);
  } else if (is_safe(rq.method)) {
    const std::string fresh = core::base64url(core::random_bytes(24));
    rq.set_cookies.push_back(visitor_cookie(auth.config, rq, fresh));
    rq.csrf_token = csrf_token(auth.config, fresh);
  }
  if (!is_safe(rq.method) && (rq.caller.by_cookie || access == Access::visitor)) {
    auto refusal = refuse_forgery(auth, rq, access, visitor);
    if (refusal) co_return refusal;
  }
  if (access == Access::admin) {
    const bool admin = co_await auth.db.as(pg::as_service("only the engine room knows the admins"))
                           .one<bool>(kIsAdmin, rq.caller.user);
    if (!admin) co_return forbidden(rq, "forbidden", "This page is for administrators.");
  }
  co_return std::nullopt;
}

http::Response wire_refusal(std::string body, std::string challenge = "") {
  http::Response response = http::json(std::move(body), 401);
  if (!challenge.empty()) response.headers.set("WWW-Authenticate", std::move(challenge));
  allow_any_origin(response);
  return response;
}

// The data API's own words, so that its clients know an expired token from a forged one.
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
  return wire_refusal(fmt::format(R"({{"code":"{}","details":null,"hint":null,"message":"{}"}})", code, message),
                      fmt::format(R"(Bearer error="invalid_token", error_description="{}")", message));
}

void fill_key(http::Request& rq, Caller::Kind kind, std::string_view role) {
  rq.caller.kind = kind;
  rq.caller.role = role;
  rq.caller.claims = fmt::format(R"({{"role":"{}"}})", role);
}

// What the bearer says; nothing when it is good, or absent.
std::optional<jwt::Fault> judge_bearer(const Auth& auth, http::Request& rq, Caller::Kind without) {
  fill_key(rq, without, "anon");
  const std::string_view token = bearer_of(rq);
  if (token.empty()) return std::nullopt;
  if (const auto role = role_of_known_key(auth, token)) {
    fill_key(rq, Caller::Kind::key, *role);
    return std::nullopt;
  }
  using Clocks = jwt::Opened::Clocks;  // PostgREST's are lenient
  const auto claims =
      auth.keyring().verify(token, auth.clock.now(), below(rq.route, "/rest/v1") ? Clocks::lenient : Clocks::strict);
  if (!claims) return claims.error();
  if (claims->user) {
    fill(rq, *claims, claims->email);
  } else {
    rq.caller = Caller{.kind = Caller::Kind::key, .role = claims->role, .claims = claims->text};
  }
  return std::nullopt;
}

Refusal admit_wire(const Auth& auth, http::Request& rq) {
  const std::string_view key = rq.header("apikey");
  if (key.empty())
    return wire_refusal(
        R"({"message":"No API key found in request","hint":"No `apikey` request header or url param was found."})");
  if (!role_of_key(auth, key))
    return wire_refusal(
        R"({"message":"Invalid API key","hint":"Double check your Supabase `anon` or `service_role` API key."})");
  const auto fault = judge_bearer(auth, rq, Caller::Kind::key);
  if (fault && !below(rq.route, "/auth/v1"))
    return refuse_bearer(*fault, bearer_of(rq));  // /auth/v1 judges it by its own table
  return std::nullopt;
}

Refusal admit_internal(const Auth& auth, const http::Request& rq) {
  const std::string& secret = auth.config.notify_secret.reveal();
  if (!secret.empty() && core::equal_constant_time(bearer_of(rq), secret)) return std::nullopt;
  core::log::warn("auth.internal.refused", {{"ip", rq.client_ip}});
  return http::problem(core::Problem(401, "unauthorized", "Unauthorized"), rq);
}

}  // namespace

Task<std::optional<http::Response>> Guard::admit(http::Request& rq, Access access) {
  const bool reads_tokens = access != Access::anyone && access != Access::internal;
  // Without a session cookie a page needs no key.
  if (reads_tokens && (access != Access::visitor || sends_session(auth_.config, rq)))
    co_await auth_.keyring().refresh(auth_);
  switch (access) {
    case Access::anyone: break;
    case Access::visitor:
    case Access::user:
    case Access::admin: co_return co_await admit_person(auth_, beside_, rq, access);
    case Access::api_key: co_return admit_wire(auth_, rq);
    case Access::bearer: judge_bearer(auth_, rq, Caller::Kind::nobody); break;
    case Access::internal: co_return admit_internal(auth_, rq);
  }
  co_return std::nullopt;
}

}  // namespace auth
