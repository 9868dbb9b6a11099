#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "identity/audit_log.h"
#include "identity/session_tokens.h"

namespace identity {
namespace {

constexpr std::int64_t kReuseSeconds = 10;
constexpr int kLongestChain = 32;  // rotations followed within the reuse interval

// Serialises concurrent refreshes of a session.
struct Locked {
  core::SessionId id;
  core::UserId user;
  std::string aal;
  std::optional<core::Time> not_after;
};
constexpr pg::Sql kLock{"identity.session_lock", R"sql(
  select s.id, s.user_id, coalesce(s.aal::text, 'aal1'), s.not_after
  from auth.sessions s
  where s.id = (select r.session_id from auth.refresh_tokens r where r.token = any($1::text[]) limit 1)
  for update
)sql"};

constexpr pg::Sql kLockWait{"identity.session_lock_wait", R"sql(
  select set_config('lock_timeout', '5000ms', true)
)sql"};

struct Token {
  std::int64_t id;
  std::string token;
  bool revoked;
  std::string parent;
  core::Time changed;
};
constexpr pg::Sql kToken{"identity.refresh_find", R"sql(
  select id, token, coalesce(revoked, false), coalesce(parent, ''), coalesce(updated_at, '1970-01-01'::timestamptz)
  from auth.refresh_tokens where token = any($1::text[]) limit 1
)sql"};

constexpr pg::Sql kActive{"identity.refresh_active", R"sql(
  select id, token, coalesce(revoked, false), coalesce(parent, ''), coalesce(updated_at, now())
  from auth.refresh_tokens where session_id = $1 and not coalesce(revoked, false) order by id desc limit 1
)sql"};

constexpr pg::Sql kRevoke{"identity.refresh_revoke", R"sql(
  update auth.refresh_tokens set revoked = true, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kRevokeFamily{"identity.refresh_revoke_family", R"sql(
  update auth.refresh_tokens set revoked = true, updated_at = $2
  where session_id = $1 and not coalesce(revoked, false)
)sql"};

constexpr pg::Sql kEnd{"identity.session_end", R"sql(
  update auth.sessions set not_after = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kTouch{"identity.session_touch", R"sql(
  update auth.sessions
  set refreshed_at = $2::timestamptz at time zone 'utc', updated_at = $2::timestamptz, user_agent = $3,
      ip = nullif($4::text, '')::inet
  where id = $1
)sql"};

// The active token, if it descends from `form` by rotation.
std::optional<std::string> follow(const Identity& identity, std::string form, const Token& active) {
  for (int step = 0; step < kLongestChain; ++step) {
    std::string token = successor(identity, form);
    form = stored_form(token);
    if (core::equal_constant_time(form, active.token)) return token;
  }
  return std::nullopt;
}

Task<Refreshed> refresh_in(pg::Tx& tx, Identity& identity, std::string& token, ClientInfo& from) {
  const core::Time now = identity.clock.now();
  std::vector<std::string> forms{stored_form(token)};
  if (token.size() == 12) forms.push_back(token);  // a classic token imported from Supabase, valid once
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
    session.refresh_token = successor(identity, found->token);
    co_await tx.run(kRevoke, found->id, now);
    co_await insert_token(identity, tx, session.refresh_token, found->token, session);
  } else {
    const auto active = co_await tx.maybe<Token>(kActive, locked->id);
    const bool recent = now - found->changed < std::chrono::seconds(kReuseSeconds);
    if (active && !ended && (active->parent == found->token || recent)) {
      if (const auto same = follow(identity, found->token, *active)) session.refresh_token = *same;
    }
    if (session.refresh_token.empty()) {
      co_await tx.run(kRevokeFamily, locked->id, now);
      if (!ended) co_await tx.run(kEnd, locked->id, now);
      core::log::warn("identity.refresh_token.reused", {{"session", locked->id}, {"user", locked->user}});
      co_await audit(identity, tx, "token_revoked", locked->user, from);
      co_return RefreshFault::reused;
    }
  }
  co_await audit(identity, tx, "token_refreshed", locked->user, from);
  co_await tx.run(kTouch, locked->id, now, from.agent, from.ip);
  session.json = co_await session_json(identity, tx, session.id, *user, locked->aal, session.refresh_token);
  co_return session;
}

}  // namespace

core::Problem problem_of(RefreshFault fault) {
  switch (fault) {
    case RefreshFault::unknown: return {400, "identity.refresh_token_not_found"};
    case RefreshFault::session_gone: return {400, "identity.session_not_found.refresh"};
    case RefreshFault::expired: return {400, "identity.session_expired"};
    case RefreshFault::banned: return {400, "identity.user_banned.refresh"};
    case RefreshFault::reused: return {400, "identity.refresh_token_already_used"};
    case RefreshFault::busy: break;
  }
  return {409, "identity.conflict.refresh"};
}

Task<Refreshed> refresh(Identity& identity, std::string token, ClientInfo from) {
  if (token.size() < 12 || token.size() > 512) throw core::Problem(400, "identity.validation_failed.refresh_token");
  Identity* self = &identity;
  const auto rotate = [](pg::Tx& tx, Identity*& a, std::string& t, ClientInfo& f) { return refresh_in(tx, *a, t, f); };
  Refreshed done = RefreshFault::busy;
  try {
    done = co_await identity.db.in(pg::as_service("a refresh token is its own proof"), rotate, self, token, from);
  } catch (const pg::Error& error) {
    if (error.sqlstate != "55P03") throw;  // lock_not_available: another refresh held the session's lock too long
  }
  const auto* fault = std::get_if<RefreshFault>(&done);
  // Reuse has its audit row already.
  if (fault != nullptr && *fault != RefreshFault::busy && *fault != RefreshFault::reused)
    co_await audit_refusal(identity, "token_refused", problem_of(*fault).code, std::nullopt, from);
  co_return done;
}

}  // namespace identity
