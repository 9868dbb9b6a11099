#include "core/log.h"
#include "core/problem.h"
#include "core/text.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/constant_time_response.h"
#include "identity/devices.h"
#include "identity/passwords.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

// The password was verified outside a transaction; one that was changed meanwhile must not open a session.
constexpr pg::Sql kStillHas{"identity.lock_user_with_password", R"sql(
  select id from auth.users
   where id = $1 and encrypted_password is not distinct from $2 and deleted_at is null
     for no key update
)sql"};

struct SignIn {
  Identity* identity;
  core::UserId user;
  std::string hash;   // that the password was verified against
  std::string fresh;  // a hash with the configured parameters; empty when `hash` has them
  ClientInfo from;
};

Task<std::optional<User>> find(pg::Tx& tx, std::string& email) { return user_by_email(tx, email); }

[[noreturn]] void throw_invalid_credentials() { throw core::Problem(400, "identity.invalid_credentials"); }

Task<Session> enter(pg::Tx& tx, SignIn& entry) {
  const auto same = co_await tx.maybe<core::UserId>(kStillHas, entry.user, entry.hash);
  if (!same) throw_invalid_credentials();
  if (!entry.fresh.empty()) co_await set_password(tx, entry.user, entry.fresh, entry.identity->clock.now());
  Session session = co_await open_session(*entry.identity, tx, entry.user, "password", entry.from);
  co_await audit(*entry.identity, tx, "login", entry.user, entry.from);
  co_return session;
}

// Guessing from many addresses must not lock out the owner: when the account's bucket is empty, a device that has
// signed in before has a bucket of its own.
Task<> admit(Identity& identity, const std::string& email, const ClientInfo& from) {
  const RateDecision decision = co_await try_consume(identity, kSignInRate, from.ip, email);
  if (decision.client <= 0 && decision.account > 0 && co_await is_known_device(identity, email, from)) {
    co_await enforce_rate_limit(identity, kDeviceRate, from.ip, email + "\n" + from.device);
    co_return;
  }
  co_await throw_if_limited(identity, kSignInRate, from.ip, decision);
}

}  // namespace

Task<Session> sign_in(Identity& identity, std::string email, std::string password, ClientInfo from) {
  const ConstantTimeResponse constant_time(identity, ConstantTimeResponse::Work::hashing);
  email = core::lower(core::trim(email)).substr(0, 256);
  const bool possible = core::valid_utf8(email) && email.find('\0') == std::string::npos;
  co_await admit(identity, possible ? email : "", from);
  std::optional<User> user;
  if (possible) user = co_await identity.db.in(pg::as_service("a stranger signs in"), find, email);
  const std::string stored = user ? user->password_hash.value_or("") : "";
  const bool right = co_await password_matches(identity, password, stored);
  if (!right) {
    core::log::info("identity.sign_in.refused", {{"ip", from.ip}});
    std::optional<core::UserId> actor;
    if (user) actor = user->id;
    co_await audit_refusal(identity, "login_refused", "invalid_credentials", actor, from);
    // The stored hash may be of either kind or absent, which takes different times.
    co_await constant_time.wait();
    throw_invalid_credentials();
  }
  if (user->banned(identity.clock.now())) {
    co_await audit_refusal(identity, "login_refused", "user_banned", user->id, from);
    throw core::Problem(400, "identity.user_banned");
  }
  if (!user->confirmed()) {
    co_await audit_refusal(identity, "login_refused", "email_not_confirmed", user->id, from);
    throw core::Problem(400, "identity.email_not_confirmed");
  }
  SignIn entry{&identity, user->id, stored, {}, std::move(from)};
  if (needs_rehash(identity.config, stored)) entry.fresh = co_await hash_password(identity, std::move(password));
  Session session = co_await identity.db.in(pg::as_service("the password was right"), enter, entry);
  core::log::info("identity.account.signed_in", {{"user", session.user}, {"session", session.id}});
  co_return session;
}

}  // namespace identity
