#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/passwords/password.h"
#include "auth/tokens/one_time.h"
#include "core/log.h"

namespace auth {
namespace {

Task<std::optional<User>> find(pg::Tx& tx, core::UserId& id) { return user_by_id(tx, id); }

constexpr pg::Sql kLockUser{"auth.lock_user_row", R"sql(
  select id from auth.users where id = $1 and deleted_at is null for no key update
)sql"};

constexpr pg::Sql kSessionLives{"auth.session_still_lives", R"sql(
  select exists (select from auth.sessions where id = $1 and user_id = $2 and (not_after is null or not_after > $3))
)sql"};

struct Change {
  Auth* auth;
  Bearer who;
  std::string data;  // empty: none
  std::string hash;  // empty: none
  Origin from;
};

Task<std::optional<User>> change_in(pg::Tx& tx, Change& change) {
  Auth& auth = *change.auth;
  const core::Time now = auth.clock.now();
  // Hashing took its time: a session that was ended meanwhile (a reset, a sign-out) changes nothing any more.
  if (!co_await tx.maybe<core::UserId>(kLockUser, change.who.user))
    throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
  if (change.who.session) {
    const bool lives = co_await tx.one<bool>(kSessionLives, *change.who.session, change.who.user, now);
    if (!lives) throw core::Problem(403, "session_not_found", "Session from session_id claim in JWT does not exist");
  }
  if (!change.data.empty()) co_await merge_user_metadata(tx, change.who.user, change.data, now);
  if (!change.hash.empty()) {
    co_await set_password(tx, change.who.user, change.hash, now);
    co_await drop_one_time(tx, change.who.user);
    // Without a session of its own the bearer cannot be told from the others: all end.
    co_await end_sessions(tx, change.who.user, change.who.session, change.who.session ? End::others : End::everywhere);
    co_await audit(auth, tx, "user_updated_password", change.who.user, change.from);
  }
  co_await audit(auth, tx, "user_modified", change.who.user, change.from);
  co_return co_await user_by_id(tx, change.who.user);
}

User present(std::optional<User> user) {
  if (!user) throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
  return std::move(*user);
}

}  // namespace

Task<User> own_account(Auth& auth, core::UserId user) {
  auto found = co_await auth.db.in(pg::as_service("schema auth is open to the service alone"), find, user);
  co_return present(std::move(found));
}

Task<User> change_account(Auth& auth, Bearer who, Changes changes, Origin from) {
  const User before = co_await own_account(auth, who.user);
  if (!changes.email.empty() && canonical_email(changes.email) != before.email)
    throw core::Problem(422, "email_provider_disabled", "Changing the email address is not available yet");
  Change change{&auth, who, std::move(changes.metadata), {}, std::move(from)};
  if (!changes.password.empty()) {
    require_acceptable(changes.password);
    co_await require_rate(auth, kSignInRate, change.from.ip, before.email);
    const std::string stored = before.password_hash.value_or("");
    const bool same = !stored.empty() && co_await password_matches(auth, changes.password, stored);
    if (same) throw core::Problem(422, "same_password", "New password should be different from the old password.");
    change.hash = co_await hash_password(auth, std::move(changes.password));
  }
  auto changed = co_await auth.db.in(pg::as_service("the user changes his own row"), change_in, change);
  co_return present(std::move(changed));
}

}  // namespace auth
