#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/passwords/password.h"
#include "auth/tokens/one_time.h"
#include "auth/users/changes.h"
#include "core/log.h"

namespace auth {
namespace {

Task<std::optional<User>> find(pg::Tx& tx, core::UserId& id) { return user_by_id(tx, id); }

constexpr pg::Sql kLockUser{"auth.lock_user_row", R"sql(
  select id from auth.users where id = $1 and deleted_at is null for no key update
)sql"};

constexpr auto kOldSession = std::chrono::hours(24);

struct Change {
  Auth* auth;
  Bearer who;
  Changes wanted;
  std::string hash;  // of the new password; empty: none
  Origin from;
};

// Hashing took its time: a session that was ended meanwhile (a reset, a sign-out) changes nothing any more. Whoever has
// a second factor shows it first.
Task<User> judge(Change& change, pg::Tx& tx) {
  const Auth& auth = *change.auth;
  const auto locked = co_await tx.maybe<core::UserId>(kLockUser, change.who.user);
  const auto user = co_await user_by_id(tx, change.who.user);
  if (!locked || !user) throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
  const auto session = co_await lock_session(*change.auth, tx, change.who);
  if (change.who.session && !session)
    throw core::Problem(403, "session_not_found", "Session from session_id claim in JWT does not exist");
  const bool weighty = !change.hash.empty() || !change.wanted.email.empty();
  if (weighty && has_verified_factor(*user) && !(session && session->second_factor))
    throw core::Problem(401, "insufficient_aal",
                        "AAL2 session is required to update email or password when MFA is enabled.");
  const bool old = !session || auth.clock.now() - session->began > kOldSession;
  if (!change.hash.empty() && auth.config.reauthenticate && old && change.wanted.nonce.empty())
    throw core::Problem(400, "reauthentication_needed", "Password update requires reauthentication");
  co_return *user;
}

Task<> set_new_password(Change& change, pg::Tx& tx) {
  Auth& auth = *change.auth;
  const core::UserId user = change.who.user;
  co_await set_password(tx, user, change.hash, auth.clock.now());
  co_await drop_one_time(tx, user);
  // Without a session of its own the bearer cannot be told from the others: all end.
  co_await end_sessions(tx, user, change.who.session, change.who.session ? End::others : End::everywhere);
  co_await audit(auth, tx, "user_updated_password", user, change.from);
}

Task<> change_address(Change& change, pg::Tx& tx, const User& user) {
  Auth& auth = *change.auth;
  const std::string& address = change.wanted.email;
  const auto taken = co_await user_by_email(tx, address);
  if (taken) throw core::Problem(422, "email_exists", "A user with this email address has already been registered");
  if (!auth.config.autoconfirm) {
    co_await mail_email_change(auth, tx, user, address, change.wanted.landing);
    co_return;
  }
  co_await begin_email_change(tx, user.id, address, auth.clock.now());
  co_await finish_email_change(tx, user.id, auth.clock.now());
  co_await drop_one_time(tx, user.id);
}

// A wrong nonce is counted as a guess, so it comes back as a value and the transaction commits.
Task<std::optional<User>> change_in(pg::Tx& tx, Change& change) {
  Auth& auth = *change.auth;
  const User user = co_await judge(change, tx);
  if (!change.wanted.nonce.empty()) {
    const std::vector<std::string> kinds{"reauthentication_token"};
    const auto redeemed = co_await redeem_code(auth, tx, user.email, change.wanted.nonce, kinds);
    if (!redeemed || redeemed->user != user.id) co_return std::nullopt;
  }
  if (!change.wanted.metadata.empty())
    co_await merge_user_metadata(tx, user.id, change.wanted.metadata, auth.clock.now());
  if (!change.hash.empty()) co_await set_new_password(change, tx);
  if (!change.wanted.email.empty()) co_await change_address(change, tx, user);
  co_await audit(auth, tx, "user_modified", user.id, change.from);
  auto after = co_await user_by_id(tx, user.id);
  if (after && !change.wanted.metadata.empty()) require_metadata_fits(*after);
  co_return after;
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
  if (!changes.email.empty()) changes.email = canonical_email(changes.email);
  if (changes.email == before.email) changes.email.clear();
  if (!changes.email.empty()) {
    // By his id: what strangers ask for the address must not keep its signed-in owner from leaving it. The address's
    // turn goes as well, so that asking again within the minute (email_change.cc) is refused.
    co_await require_mail_rate(auth, "email_change", before.id.str());
    if (!before.email.empty()) co_await take_mail_turn(auth, "email_change", before.email);
  }
  Change change{&auth, who, std::move(changes), {}, std::move(from)};
  const std::string& password = change.wanted.password;
  if (!password.empty()) {
    // By his id: guesses at the address's sign-in must not keep its signed-in owner from changing the password.
    co_await require_rate(auth, kSignInRate, change.from.ip, before.id.str());
    co_await require_fit(auth, password);
    const std::string stored = before.password_hash.value_or("");
    if (!change.wanted.current_password.empty()) {
      const bool known = co_await password_matches(auth, change.wanted.current_password, stored);
      if (!known) {
        co_await audit_refused(auth, "user_update_refused", "current_password_invalid", who.user, change.from);
        throw core::Problem(400, "current_password_invalid", "Current password is incorrect.");
      }
    }
    const bool same = !stored.empty() && co_await password_matches(auth, password, stored);
    if (same) throw core::Problem(422, "same_password", "New password should be different from the old password.");
    change.hash = co_await hash_password(auth, password);
  }
  auto changed = co_await auth.db.in(pg::as_service("the user changes his own row"), change_in, change);
  if (!changed) {
    co_await audit_refused(auth, "user_update_refused", "reauthentication_not_valid", who.user, change.from);
    throw core::Problem(422, "reauthentication_not_valid", "Verification code invalid");
  }
  co_return std::move(*changed);
}

}  // namespace auth
