#include "auth/sessions/sessions.h"

#include <algorithm>

#include "auth/keys/jwt.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "core/text.h"

namespace auth {
namespace {

constexpr std::int64_t kReuseSeconds = 10;
constexpr int kLongestChain = 32;  // rotations followed within the reuse interval

constexpr pg::Sql kInsert{"auth.session_insert", R"sql(
  insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
  values ($1, $2, $3, $3, 'aal1', $4, nullif($5::text, '')::inet)
)sql"};

constexpr pg::Sql kInsertAmr{"auth.session_amr_insert", R"sql(
  insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
  values (gen_random_uuid(), $1, $2, $2, $3)
)sql"};

constexpr pg::Sql kSignedIn{"auth.user_signed_in", R"sql(
  update auth.users set last_sign_in_at = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kIdentitySignedIn{"auth.identity_signed_in", R"sql(
  update auth.identities set last_sign_in_at = $2, updated_at = $2 where user_id = $1 and provider = 'email'
)sql"};

constexpr pg::Sql kInsertToken{"auth.refresh_insert", R"sql(
  insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
  values ('00000000-0000-0000-0000-000000000000', $1, $2::uuid::text, false, $3, $3, nullif($4::text, ''), $5)
)sql"};

struct Amr {
  std::string method;
  core::Time at;
};
constexpr pg::Sql kAmr{"auth.session_amr", R"sql(
  select authentication_method, created_at from auth.mfa_amr_claims
  where session_id = $1 order by created_at desc
)sql"};

// The lock that makes concurrent refreshes of one session take turns.
struct Locked {
  core::SessionId id;
  core::UserId user;
  std::string aal;
  std::optional<core::Time> not_after;
};
constexpr pg::Sql kLock{"auth.session_lock", R"sql(
  select s.id, s.user_id, coalesce(s.aal::text, 'aal1'), s.not_after
  from auth.sessions s
  where s.id = (select r.session_id from auth.refresh_tokens r where r.token = any($1::text[]) limit 1)
  for update
)sql"};

constexpr pg::Sql kLockWait{"auth.session_lock_wait", R"sql(
  select set_config('lock_timeout', '5000ms', true)
)sql"};

struct Token {
  std::int64_t id;
  std::string token;
  bool revoked;
  std::string parent;
  core::Time changed;
};
constexpr pg::Sql kToken{"auth.refresh_find", R"sql(
  select id, token, coalesce(revoked, false), coalesce(parent, ''), coalesce(updated_at, '1970-01-01'::timestamptz)
  from auth.refresh_tokens where token = any($1::text[]) limit 1
)sql"};

constexpr pg::Sql kActive{"auth.refresh_active", R"sql(
  select id, token, coalesce(revoked, false), coalesce(parent, ''), coalesce(updated_at, now())
  from auth.refresh_tokens where session_id = $1 and not coalesce(revoked, false) order by id desc limit 1
)sql"};

constexpr pg::Sql kRevoke{"auth.refresh_revoke", R"sql(
  update auth.refresh_tokens set revoked = true, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kRevokeFamily{"auth.refresh_revoke_family", R"sql(
  update auth.refresh_tokens set revoked = true, updated_at = $2
  where session_id = $1 and not coalesce(revoked, false)
)sql"};

constexpr pg::Sql kEnd{"auth.session_end", R"sql(
  update auth.sessions set not_after = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kTouch{"auth.session_touch", R"sql(
  update auth.sessions
  set refreshed_at = $2::timestamptz at time zone 'utc', updated_at = $2::timestamptz, user_agent = $3,
      ip = nullif($4::text, '')::inet
  where id = $1
)sql"};

constexpr pg::Sql kDeleteAll{"auth.session_delete_all", R"sql(
  delete from auth.sessions where user_id = $1
)sql"};
constexpr pg::Sql kDeleteOne{"auth.session_delete_one", R"sql(
  delete from auth.sessions where user_id = $1 and id = $2
)sql"};
constexpr pg::Sql kDeleteOthers{"auth.session_delete_others", R"sql(
  delete from auth.sessions where user_id = $1 and id <> $2
)sql"};

struct Check {
  std::string email;
  std::string role;
  bool banned;
  bool live;
};
constexpr pg::Sql kCheck{"auth.session_check", R"sql(
  select coalesce(u.email, ''), coalesce(u.role, ''), coalesce(u.banned_until > $3, false),
         $2::uuid is null or exists (
           select 1 from auth.sessions s
           where s.id = $2::uuid and s.user_id = u.id and (s.not_after is null or s.not_after > $3))
  from auth.users u where u.id = $1 and u.deleted_at is null
)sql"};

std::string stored(std::string_view token) { return "sha256:" + core::hex(core::sha256(token)); }

// The next token of a session follows from the one before and the server's secret: only hashes are kept, and yet a
// client that lost the answer can be given the same token again.
std::string successor(const Auth& auth, std::string_view token) {
  return core::base64url(core::hmac_sha256(auth.config.jwt_secret.reveal(), "refresh:" + std::string(token)));
}

// A User-Agent is a stranger's text; the column is unbounded.
std::string bounded(std::string_view agent) {
  const std::string_view cut = agent.substr(0, 400);
  return core::valid_utf8(cut) ? std::string(cut) : std::string();
}

Task<std::string> session_json(Auth& auth, pg::Tx& tx, core::SessionId id, const User& user, std::string_view aal,
                               std::string_view refresh_token) {
  const core::Json row = core::Json::parse(user.row.text).value_or(core::Json());
  const std::vector<Amr> methods = co_await tx.many<Amr>(kAmr, id);
  const std::int64_t now = core::unix_seconds(auth.clock.now());
  const std::int64_t expires = now + auth.config.access_seconds;
  core::JsonWriter claims;
  claims.begin().field("iss", auth.config.issuer()).field("sub", user.id).field("aud", "authenticated");
  claims.field("exp", expires).field("iat", now).field("email", user.email);
  claims.field("phone", row["phone"].string_or(""));
  claims.key("app_metadata").raw(row["raw_app_meta_data"].is_object() ? row["raw_app_meta_data"].dump() : "{}");
  claims.key("user_metadata").raw(row["raw_user_meta_data"].is_object() ? row["raw_user_meta_data"].dump() : "{}");
  claims.field("role", "authenticated").field("aal", aal).key("amr").begin_array();
  for (const Amr& amr : methods)
    claims.begin().field("method", amr.method).field("timestamp", core::unix_seconds(amr.at)).end();
  claims.end_array().field("session_id", id);
  claims.field("is_anonymous", row["is_anonymous"].boolean().value_or(false)).end();

  core::JsonWriter out;
  out.begin().field("access_token", jwt::sign(claims.str(), auth.config.jwt_secret.reveal()));
  out.field("token_type", "bearer").field("expires_in", auth.config.access_seconds).field("expires_at", expires);
  out.field("refresh_token", refresh_token).key("user").raw(user_json(user)).end();
  co_return out.take();
}

Task<> insert_token(Auth& auth, pg::Tx& tx, std::string_view token, std::string_view parent, const Session& session) {
  const std::string value = stored(token);
  const std::string before(parent);
  co_await tx.run(kInsertToken, value, session.user, auth.clock.now(), before, session.id);
}

// The active token, when following the rotations from `token` leads to it.
std::optional<std::string> follow(const Auth& auth, std::string token, const Token& active) {
  for (int step = 0; step < kLongestChain; ++step) {
    token = successor(auth, token);
    if (core::equal_constant_time(stored(token), active.token)) return token;
  }
  return std::nullopt;
}

Task<Refreshed> refresh_in(pg::Tx& tx, Auth& auth, std::string& token, Origin& from) {
  const core::Time now = auth.clock.now();
  std::vector<std::string> forms{stored(token)};
  if (token.size() == 12) forms.push_back(token);  // a classic token, imported from Supabase: good once
  co_await tx.one<std::string>(kLockWait);
  const auto locked = co_await tx.maybe<Locked>(kLock, forms);
  const auto found = co_await tx.maybe<Token>(kToken, forms);
  if (!found) co_return RefreshFault::unknown;
  if (!locked) co_return RefreshFault::session_gone;
  const auto user = co_await user_by_id(tx, locked->user);
  if (!user) co_return RefreshFault::session_gone;
  if (user->banned(now)) co_return RefreshFault::banned;

  Session session{locked->id, locked->user, {}, {}};
  const bool ended = locked->not_after && *locked->not_after <= now;
  if (!found->revoked) {
    if (ended) co_return RefreshFault::expired;
    session.refresh_token = successor(auth, token);
    co_await tx.run(kRevoke, found->id, now);
    co_await insert_token(auth, tx, session.refresh_token, found->token, session);
  } else {
    const auto active = co_await tx.maybe<Token>(kActive, locked->id);
    const bool recent = now - found->changed < std::chrono::seconds(kReuseSeconds);
    if (active && !ended && (active->parent == found->token || recent)) {
      if (const auto same = follow(auth, token, *active)) session.refresh_token = *same;
    }
    if (session.refresh_token.empty()) {
      co_await tx.run(kRevokeFamily, locked->id, now);
      if (!ended) co_await tx.run(kEnd, locked->id, now);
      core::log::warn("auth.refresh_token.reused", {{"session", locked->id}, {"user", locked->user}});
      co_return RefreshFault::reused;
    }
  }
  co_await tx.run(kTouch, locked->id, now, from.agent, from.ip);
  session.json = co_await session_json(auth, tx, session.id, *user, locked->aal, session.refresh_token);
  co_return session;
}

}  // namespace

Origin origin_of(const http::Request& rq) { return {rq.client_ip, bounded(rq.header("user-agent"))}; }

Task<Session> open_session(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view method, Origin from) {
  const core::Time now = auth.clock.now();
  const std::string amr(method);
  Session session{core::SessionId::random(), user, core::base64url(core::random_bytes(32)), {}};
  co_await tx.run(kInsert, session.id, user, now, from.agent, from.ip);
  co_await tx.run(kInsertAmr, session.id, now, amr);
  co_await tx.run(kSignedIn, user, now);
  co_await tx.run(kIdentitySignedIn, user, now);
  co_await insert_token(auth, tx, session.refresh_token, "", session);
  const auto fresh = co_await user_by_id(tx, user);
  if (!fresh) throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
  session.json = co_await session_json(auth, tx, session.id, *fresh, "aal1", session.refresh_token);
  co_return session;
}

Task<Refreshed> refresh(Auth& auth, std::string token, Origin from) {
  if (token.size() < 12 || token.size() > 512)
    throw core::Problem(400, "validation_failed", "Refresh token is not valid");
  Auth* self = &auth;
  const auto rotate = [](pg::Tx& tx, Auth*& a, std::string& t, Origin& f) { return refresh_in(tx, *a, t, f); };
  try {
    co_return co_await auth.db.in(pg::as_service("a refresh token is its own proof"), rotate, self, token, from);
  } catch (const pg::Error& error) {
    if (error.sqlstate != "55P03") throw;  // lock_not_available: the session's lock did not come free in time
  }
  co_return RefreshFault::busy;
}

void throw_refused(RefreshFault fault) {
  switch (fault) {
    case RefreshFault::unknown:
      throw core::Problem(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found");
    case RefreshFault::session_gone:
      throw core::Problem(400, "session_not_found", "Invalid Refresh Token: Session Not Found");
    case RefreshFault::expired: throw core::Problem(400, "session_expired", "Invalid Refresh Token: Session Expired");
    case RefreshFault::banned: throw core::Problem(400, "user_banned", "Invalid Refresh Token: User Banned");
    case RefreshFault::reused:
      throw core::Problem(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used");
    case RefreshFault::busy: break;
  }
  throw core::Problem(409, "conflict", "Too many concurrent token refresh requests on the same session");
}

Task<> end_sessions(pg::Tx& tx, core::UserId user, std::optional<core::SessionId> current, End which) {
  if (which == End::everywhere) {
    co_await tx.run(kDeleteAll, user);
  } else if (current) {
    if (which == End::here) co_await tx.run(kDeleteOne, user, *current);
    else co_await tx.run(kDeleteOthers, user, *current);
  }
}

Task<Checked> check_session(Auth& auth, core::UserId user, std::optional<core::SessionId> session) {
  const core::Time now = auth.clock.now();
  const auto row = co_await auth.db.as(pg::as_service("a session is judged before anyone is signed in"))
                       .maybe<Check>(kCheck, user, session, now);
  Checked out;
  if (!row) co_return out;
  out.live = {row->email, row->role};
  out.standing = row->banned ? Standing::banned : !row->live ? Standing::no_session : Standing::live;
  co_return out;
}

}  // namespace auth
