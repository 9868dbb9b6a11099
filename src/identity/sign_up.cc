#include "core/log.h"
#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/claim_address.h"
#include "identity/constant_time_response.h"
#include "identity/passwords.h"
#include "identity/profiles.h"
#include "identity/rate_limits.h"
#include "identity/user_changes.h"

namespace identity {
namespace {

// The user changed since the password was checked: try again.
struct Moved {};

// The user as seen when the password was checked, outside the transaction.
struct Known {
  core::UserId user;
  std::string hash;  // empty: no password
  bool confirmed = false;
  bool same_password = false;
};

struct Attempt {
  Identity* identity;
  NewAccount account;
  std::string hash;  // of the new account's password
  std::optional<Known> known;
  bool mail_is_due = false;  // no email went to the address within the minute
};

Task<std::optional<User>> find_in(pg::Tx& tx, std::string& email) { return user_by_email(tx, email); }

bool is_as_seen(const Attempt& attempt, const User& user) {
  const auto& known = attempt.known;
  return known && known->user == user.id && known->confirmed == user.confirmed() &&
         known->hash == user.password_hash.value_or("");
}

// The response is that of a new sign-up, so that it reveals neither a confirmed nor a pending account.
Task<SignedUp> sign_up_known(Attempt& attempt, pg::Tx& tx, const User& user) {
  Identity& identity = *attempt.identity;
  const NewAccount& account = attempt.account;
  const core::Time now = identity.clock.now();
  if (identity.config.autoconfirm) {
    if (user.confirmed() || !attempt.known->same_password) throw core::Problem(422, "identity.user_already_exists");
    co_await claim_address(identity, tx, user, AddressProof::own_link);
    co_return co_await open_session(identity, tx, user.id, "password", account.from);
  }
  Pending pending{fabricated_user(account.email, account.metadata, now)};
  // A stranger must not spoil a pending invitation either.
  if (user.confirmed() || has_pending_invitation(user)) {
    co_await audit(identity, tx, "user_repeated_signup", user.id, account.from);
    co_return pending;
  }
  // The address is unproved, and two people may have signed up with it: the owner's click must not confirm the other's
  // password. If the passwords differ, neither is kept, and the owner sets one by recovery. With the same password it
  // is the same person, correcting their metadata.
  if (!attempt.known->same_password) co_await discard_unverified(tx, user.id, now);
  else co_await merge_user_metadata(tx, user.id, account.metadata, now);
  if (attempt.mail_is_due) co_await queue_confirmation(identity, tx, user.id, user.email, account.link_target);
  co_await audit(identity, tx, "user_confirmation_requested", user.id, account.from);
  co_return pending;
}

Task<SignedUp> sign_up_in(pg::Tx& tx, Attempt& attempt) {
  Identity& identity = *attempt.identity;
  const NewAccount& account = attempt.account;
  const core::Time now = identity.clock.now();
  const auto known = co_await lock_user_by_email(tx, account.email);
  if (known && !is_as_seen(attempt, *known)) throw Moved{};
  if (known) co_return co_await sign_up_known(attempt, tx, *known);

  NewUser fresh;
  fresh.id = core::UserId::random();
  fresh.email = account.email;
  fresh.password_hash = attempt.hash;
  fresh.user_metadata = account.metadata;
  co_await insert_user(tx, fresh, now);
  if (!account.locale.empty()) co_await set_email_locale(tx, fresh.id, account.locale);
  co_await audit(identity, tx, "user_signedup", fresh.id, account.from);
  if (identity.config.autoconfirm) {
    co_await confirm_email(tx, fresh.id, now);
    co_await send_welcome(identity, tx, fresh.id);
    co_return co_await open_session(identity, tx, fresh.id, "password", account.from);
  }
  co_await queue_confirmation(identity, tx, fresh.id, account.email, account.link_target);
  const auto made = co_await user_by_id(tx, fresh.id);
  if (!made) throw core::Problem(500, "identity.unexpected_failure.new_user");
  co_return Pending{user_json(*made, account.metadata)};
}

// One hash in any case: a known address's password is compared, a new one's is hashed, so timing reveals nothing.
Task<> look_at_password(Attempt& attempt) {
  Identity& identity = *attempt.identity;
  const auto user = co_await identity.db.in(pg::as_service("a stranger signs up"), find_in, attempt.account.email);
  attempt.known.reset();
  if (!user) {
    attempt.hash = co_await hash_password(identity, attempt.account.password);
    co_return;
  }
  Known known{user->id, user->password_hash.value_or(""), user->confirmed(), false};
  known.same_password = co_await password_matches(identity, attempt.account.password, known.hash);
  attempt.known = std::move(known);
}

}  // namespace

Task<SignedUp> sign_up(Identity& identity, NewAccount account) {
  const ConstantTimeResponse constant_time(identity, ConstantTimeResponse::Work::hashing);
  account.email = canonical_email(account.email);
  if (!identity.config.signup_open) throw core::Problem(422, "identity.signup_disabled");
  if (account.password.empty()) throw core::Problem(400, "identity.validation_failed.password_missing");
  require_metadata_fits(account.metadata, NewUser{}.app_metadata);
  co_await enforce_rate_limit(identity, kSignInRate, account.from.ip, account.email);
  co_await require_strong_password(identity, account.password);
  Attempt attempt{&identity, std::move(account), {}, {}};
  // Consumed for every address, so that the limit reveals nothing.
  if (!identity.config.autoconfirm)
    attempt.mail_is_due =
        co_await try_consume_email_token(identity, "signup", attempt.account.email, attempt.account.from.ip);
  for (int round = 0;; ++round) {
    co_await look_at_password(attempt);
    bool moved = false;
    try {
      SignedUp done = co_await identity.db.in(pg::as_service("a stranger signs up"), sign_up_in, attempt);
      core::log::info("identity.account.signed_up", {{"pending", std::holds_alternative<Pending>(done)}});
      if (std::holds_alternative<Pending>(done)) co_await constant_time.wait();
      co_return done;
    } catch (const core::Problem& problem) {
      // A concurrent sign-up took the address: the next round sees it.
      if (problem.code != "email_exists" || round > 1) throw;
      moved = true;
    } catch (const Moved&) {
      moved = true;
    }
    if (moved && round > 1) throw core::Problem(409, "identity.conflict.sign_up");
  }
}

}  // namespace identity
