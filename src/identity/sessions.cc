#include "identity/sessions.h"

#include <algorithm>

#include "core/crypto.h"
#include "core/problem.h"
#include "identity/devices.h"
#include "identity/session_tokens.h"

namespace identity {
namespace {

constexpr pg::Sql kInsert{"identity.session_insert", R"sql(
  insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
  values ($1, $2, $3, $3, 'aal1', $4, nullif($5::text, '')::inet)
)sql"};

constexpr pg::Sql kInsertAmr{"identity.session_amr_insert", R"sql(
  insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
  values (gen_random_uuid(), $1, $2, $2, $3)
)sql"};

constexpr pg::Sql kSignedIn{"identity.user_signed_in", R"sql(
  update auth.users set last_sign_in_at = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kIdentitySignedIn{"identity.identity_signed_in", R"sql(
  update auth.identities set last_sign_in_at = $2, updated_at = $2 where user_id = $1 and provider = 'email'
)sql"};

constexpr pg::Sql kDeleteAll{"identity.session_delete_all", R"sql(
  delete from auth.sessions where user_id = $1
)sql"};
constexpr pg::Sql kDeleteOne{"identity.session_delete_one", R"sql(
  delete from auth.sessions where user_id = $1 and id = $2
)sql"};
constexpr pg::Sql kDeleteOthers{"identity.session_delete_others", R"sql(
  delete from auth.sessions where user_id = $1 and id <> $2
)sql"};

constexpr pg::Sql kRaise{"identity.session_raise", R"sql(
  update auth.sessions set aal = 'aal2', factor_id = $2, updated_at = $3, user_agent = $4,
         ip = coalesce(nullif($5::text, '')::inet, ip)
  where id = $1
)sql"};

constexpr pg::Sql kPutAmr{"identity.session_amr_put", R"sql(
  insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
  values (gen_random_uuid(), $1, $2, $2, $3)
  on conflict (session_id, authentication_method) do update set created_at = $2, updated_at = $2
)sql"};

constexpr pg::Sql kDeleteLower{"identity.session_delete_lower", R"sql(
  delete from auth.sessions where user_id = $1 and id <> $2 and coalesce(aal, 'aal1') = 'aal1'
)sql"};

struct SessionRow {
  std::string aal;
  core::Time created;
};
constexpr pg::Sql kLockLive{"identity.session_lock_live", R"sql(
  select coalesce(aal::text, 'aal1'), coalesce(created_at, $3) from auth.sessions
  where id = $1 and user_id = $2 and (not_after is null or not_after > $3) for update
)sql"};

constexpr pg::Sql kRetireToken{"identity.refresh_retire", R"sql(
  update auth.refresh_tokens set revoked = true, updated_at = $2
  where session_id = $1 and not coalesce(revoked, false) returning token
)sql"};

struct Check {
  std::string email;
  std::string role;
  bool banned;
  bool live;
  bool has_factor;
};
constexpr pg::Sql kCheck{"identity.session_check", R"sql(
  select coalesce(u.email, ''), coalesce(u.role, ''), coalesce(u.banned_until > $3, false),
         $2::uuid is null or exists (
           select 1 from auth.sessions s
           where s.id = $2::uuid and s.user_id = u.id and (s.not_after is null or s.not_after > $3)),
         exists (select 1 from auth.mfa_factors f where f.user_id = u.id and f.status = 'verified')
  from auth.users u where u.id = $1 and u.deleted_at is null
)sql"};

}  // namespace

Task<Session> open_session(Identity& identity, pg::Tx& tx, core::UserId user, std::string_view method,
                           ClientInfo from) {
  const core::Time now = identity.clock.now();
  const std::string amr(method);
  Session session{core::SessionId::random(), user, core::base64url(core::random_bytes(32)), {}};
  co_await tx.run(kInsert, session.id, user, now, from.agent, from.ip);
  co_await tx.run(kInsertAmr, session.id, now, amr);
  co_await tx.run(kSignedIn, user, now);
  co_await tx.run(kIdentitySignedIn, user, now);
  co_await insert_token(identity, tx, session.refresh_token, "", session);
  const auto fresh = co_await user_by_id(tx, user);
  if (!fresh) throw core::Problem(403, "identity.user_not_found");
  co_await record_sign_in_device(identity, tx, user, from);
  session.json = co_await session_json(identity, tx, session.id, *fresh, "aal1", session.refresh_token);
  co_return session;
}

Task<std::optional<SessionState>> lock_session(Identity& identity, pg::Tx& tx, Bearer who) {
  std::optional<SessionState> out;
  if (!who.session) co_return out;
  const auto row = co_await tx.maybe<SessionRow>(kLockLive, *who.session, who.user, identity.clock.now());
  if (row) out = SessionState{row->aal == "aal2", row->created};
  co_return out;
}

Task<Session> raise_session(Identity& identity, pg::Tx& tx, Bearer who, core::Uuid factor, std::string_view method,
                            ClientInfo from) {
  const core::Time now = identity.clock.now();
  const std::string amr(method);
  const auto state = co_await lock_session(identity, tx, who);
  if (!state) throw core::Problem(403, "identity.session_not_found");
  Session session{*who.session, who.user, {}, {}};
  const std::vector<std::string> before = co_await tx.many<std::string>(kRetireToken, session.id, now);
  // Derived from the previous token, so that a tab that still holds that one can follow.
  session.refresh_token =
      before.empty() ? core::base64url(core::random_bytes(32)) : successor(identity, before.front());
  co_await insert_token(identity, tx, session.refresh_token, before.empty() ? "" : before.front(), session);
  co_await tx.run(kRaise, session.id, factor, now, from.agent, from.ip);
  co_await tx.run(kPutAmr, session.id, now, amr);
  co_await tx.run(kDeleteLower, who.user, session.id);
  const auto user = co_await user_by_id(tx, who.user);
  if (!user) throw core::Problem(403, "identity.user_not_found");
  session.json = co_await session_json(identity, tx, session.id, *user, "aal2", session.refresh_token);
  co_return session;
}

Task<> end_sessions(pg::Tx& tx, core::UserId user, std::optional<core::SessionId> current, SignOutScope which) {
  if (which == SignOutScope::global) {
    co_await tx.run(kDeleteAll, user);
  } else if (current) {
    if (which == SignOutScope::local) co_await tx.run(kDeleteOne, user, *current);
    else co_await tx.run(kDeleteOthers, user, *current);
  }
}

Task<SessionCheck> check_session(Identity& identity, core::UserId user, std::optional<core::SessionId> session) {
  const core::Time now = identity.clock.now();
  const auto row = co_await identity.db.as(pg::as_service("a session is judged before anyone is signed in"))
                       .maybe<Check>(kCheck, user, session, now);
  SessionCheck out;
  if (!row) co_return out;
  out.live = {row->email, row->role, row->has_factor};
  out.status = row->banned ? SessionStatus::banned : !row->live ? SessionStatus::no_session : SessionStatus::live;
  co_return out;
}

}  // namespace identity
