#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/even_time.h"
#include "auth/limits/limits.h"
#include "auth/passwords/password.h"
#include "auth/users/changes.h"
#include "core/log.h"

namespace auth {
namespace {

// The address is no longer what it was a moment ago: look again.
struct Moved {};

// What the address was when the password was looked at; the transaction takes nothing else for granted.
struct Known {
  core::UserId user;
  std::string hash;  // empty: no password
  bool confirmed = false;
  bool same_password = false;
};

constexpr pg::Sql kLanguage{"auth.signup_language", R"sql(
  update public.profiles set locale = $2 where id = $1 and locale <> $2
)sql"};

struct Attempt {
  Auth* auth;
  NewAccount account;
  std::string hash;  // of the password, for a fresh account
  std::optional<Known> known;
  bool mail_is_due = false;  // none went to the address within the minute
};

Task<std::optional<User>> find_in(pg::Tx& tx, std::string& email) { return user_by_email(tx, email); }

bool is_as_seen(const Attempt& attempt, const User& user) {
  const auto& known = attempt.known;
  return known && known->user == user.id && known->confirmed == user.confirmed() &&
         known->hash == user.password_hash.value_or("");
}

// Whoever signs up, the answer is a stranger's: neither a confirmed account nor one that waits shows through.
Task<SignedUp> sign_up_known(Attempt& attempt, pg::Tx& tx, const User& user) {
  Auth& auth = *attempt.auth;
  const NewAccount& account = attempt.account;
  const core::Time now = auth.clock.now();
  if (auth.config.autoconfirm) {
    if (user.confirmed() || !attempt.known->same_password)
      throw core::Problem(422, "user_already_exists", "User already registered");
    co_await confirm_email(tx, user.id, now);
    co_await welcome(auth, tx, user.id);
    co_return co_await open_session(auth, tx, user.id, "password", account.from);
  }
  Pending pending{fabricated_user(account.email, account.metadata, now)};
  // Nor may a stranger spoil an invitation that waits.
  if (user.confirmed() || waits_for_invited(user)) {
    co_await audit(auth, tx, "user_repeated_signup", user.id, account.from);
    co_return pending;
  }
  // Nobody has shown that the address is his, and two people may each have signed up with it: the owner's click must
  // not confirm the other one's password. Where the passwords differ none is kept; he sets his by recovery.
  // The same password is the same person, who may have thought better of what he said.
  if (!attempt.known->same_password) co_await clear_password(tx, user.id, now);
  else co_await merge_user_metadata(tx, user.id, account.metadata, now);
  if (attempt.mail_is_due) co_await mail_confirmation(auth, tx, user.id, user.email, account.landing);
  co_await audit(auth, tx, "user_confirmation_requested", user.id, account.from);
  co_return pending;
}

Task<SignedUp> sign_up_in(pg::Tx& tx, Attempt& attempt) {
  Auth& auth = *attempt.auth;
  const NewAccount& account = attempt.account;
  const core::Time now = auth.clock.now();
  const auto known = co_await lock_user_by_email(tx, account.email);
  if (known && !is_as_seen(attempt, *known)) throw Moved{};
  if (known) co_return co_await sign_up_known(attempt, tx, *known);

  NewUser fresh;
  fresh.id = core::UserId::random();
  fresh.email = account.email;
  fresh.password_hash = attempt.hash;
  fresh.user_metadata = account.metadata;
  co_await insert_user(tx, fresh, now);
  if (!account.locale.empty()) co_await tx.run(kLanguage, fresh.id, account.locale);
  co_await audit(auth, tx, "user_signedup", fresh.id, account.from);
  if (auth.config.autoconfirm) {
    co_await confirm_email(tx, fresh.id, now);
    co_await welcome(auth, tx, fresh.id);
    co_return co_await open_session(auth, tx, fresh.id, "password", account.from);
  }
  co_await mail_confirmation(auth, tx, fresh.id, account.email, account.landing);
  const auto made = co_await user_by_id(tx, fresh.id);
  if (!made) throw core::Problem(500, "unexpected_failure", "Database error saving new user");
  co_return Pending{user_json(*made, account.metadata)};
}

// One hash, whatever the address is: of a known one it is held against the stored one, so time tells nothing.
Task<> look_at_password(Attempt& attempt) {
  Auth& auth = *attempt.auth;
  const auto user = co_await auth.db.in(pg::as_service("a stranger signs up"), find_in, attempt.account.email);
  attempt.known.reset();
  if (!user) {
    attempt.hash = co_await hash_password(auth, attempt.account.password);
    co_return;
  }
  Known known{user->id, user->password_hash.value_or(""), user->confirmed(), false};
  known.same_password = co_await password_matches(auth, attempt.account.password, known.hash);
  attempt.known = std::move(known);
}

}  // namespace

Task<SignedUp> sign_up(Auth& auth, NewAccount account) {
  const EvenTime even(auth, EvenTime::Work::hashing);
  account.email = canonical_email(account.email);
  if (!auth.config.signup_open) throw core::Problem(422, "signup_disabled", "Signups not allowed for this instance");
  if (account.password.empty()) throw core::Problem(400, "validation_failed", "Signup requires a valid password");
  require_metadata_fits(account.metadata, NewUser{}.app_metadata);
  co_await require_rate(auth, kSignInRate, account.from.ip, account.email);
  co_await require_fit(auth, account.password);
  Attempt attempt{&auth, std::move(account), {}, {}};
  // Taken for every address, so that asking for the mail again tells nothing either.
  if (!auth.config.autoconfirm) attempt.mail_is_due = co_await take_mail_turn(auth, "signup", attempt.account.email);
  for (int round = 0;; ++round) {
    co_await look_at_password(attempt);
    bool moved = false;
    try {
      SignedUp done = co_await auth.db.in(pg::as_service("a stranger signs up"), sign_up_in, attempt);
      core::log::info("auth.account.signed_up", {{"pending", std::holds_alternative<Pending>(done)}});
      if (std::holds_alternative<Pending>(done)) co_await even.pass();
      co_return done;
    } catch (const core::Problem& problem) {
      // Another sign-up of the same address was faster: the next round sees it.
      if (problem.code != "email_exists" || round > 1) throw;
      moved = true;
    } catch (const Moved&) {
      moved = true;
    }
    if (moved && round > 1) throw core::Problem(409, "conflict", "The address is being signed up by several callers");
  }
}

}  // namespace auth
