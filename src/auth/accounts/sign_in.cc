#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/devices/devices.h"
#include "auth/limits/even_time.h"
#include "auth/limits/limits.h"
#include "auth/passwords/password.h"
#include "core/log.h"
#include "core/text.h"

namespace auth {
namespace {

// The hash was verified outside any transaction: a password that changed meanwhile must not let its old form in.
constexpr pg::Sql kStillHas{"auth.lock_user_with_password", R"sql(
  select id from auth.users
   where id = $1 and encrypted_password is not distinct from $2 and deleted_at is null
     for no key update
)sql"};

struct Entry {
  Auth* auth;
  core::UserId user;
  std::string hash;   // what the password was held against
  std::string fresh;  // the same password hashed as the configuration wants it; empty when it is
  Origin from;
};

Task<std::optional<User>> find(pg::Tx& tx, std::string& email) { return user_by_email(tx, email); }

[[noreturn]] void throw_invalid_credentials() {
  throw core::Problem(400, "invalid_credentials", "Invalid login credentials");
}

Task<Session> enter(pg::Tx& tx, Entry& entry) {
  const auto same = co_await tx.maybe<core::UserId>(kStillHas, entry.user, entry.hash);
  if (!same) throw_invalid_credentials();
  if (!entry.fresh.empty()) co_await set_password(tx, entry.user, entry.fresh, entry.auth->clock.now());
  Session session = co_await open_session(*entry.auth, tx, entry.user, "password", entry.from);
  co_await audit(*entry.auth, tx, "login", entry.user, entry.from);
  co_return session;
}

// Whoever guesses at an account from many addresses must not keep its owner out of his own browser: a device that has
// been signed in to it has a bucket of its own when the account's is empty.
Task<> admit(Auth& auth, const std::string& email, const Origin& from) {
  const RateTurn turn = co_await take_rate(auth, kSignInRate, from.ip, email);
  if (turn.client <= 0 && turn.account > 0 && co_await is_known_device(auth, email, from)) {
    co_await require_rate(auth, kDeviceRate, from.ip, email + "\n" + from.device);
    co_return;
  }
  co_await refuse_rate(auth, kSignInRate, from.ip, turn);
}

}  // namespace

Task<Session> sign_in(Auth& auth, std::string email, std::string password, Origin from) {
  const EvenTime even(auth, EvenTime::Work::hashing);
  email = core::lower(core::trim(email)).substr(0, 256);
  const bool possible = core::valid_utf8(email) && email.find('\0') == std::string::npos;
  co_await admit(auth, possible ? email : "", from);
  std::optional<User> user;
  if (possible) user = co_await auth.db.in(pg::as_service("a stranger signs in"), find, email);
  const std::string stored = user ? user->password_hash.value_or("") : "";
  const bool right = co_await password_matches(auth, password, stored);
  if (!right) {
    core::log::info("auth.sign_in.refused", {{"ip", from.ip}});
    std::optional<core::UserId> actor;
    if (user) actor = user->id;
    co_await audit_refused(auth, "login_refused", "invalid_credentials", actor, from);
    // A stored hash may be of either kind, or none: they take unlike long.
    co_await even.pass();
    throw_invalid_credentials();
  }
  if (user->banned(auth.clock.now())) {
    co_await audit_refused(auth, "login_refused", "user_banned", user->id, from);
    throw core::Problem(400, "user_banned", "User is banned");
  }
  if (!user->confirmed()) {
    co_await audit_refused(auth, "login_refused", "email_not_confirmed", user->id, from);
    throw core::Problem(400, "email_not_confirmed", "Email not confirmed");
  }
  Entry entry{&auth, user->id, stored, {}, std::move(from)};
  if (needs_rehash(auth.config, stored)) entry.fresh = co_await hash_password(auth, std::move(password));
  Session session = co_await auth.db.in(pg::as_service("the password was right"), enter, entry);
  core::log::info("auth.account.signed_in", {{"user", session.user}, {"session", session.id}});
  co_return session;
}

}  // namespace auth
