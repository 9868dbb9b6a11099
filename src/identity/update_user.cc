#include "core/log.h"
#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/email_tokens.h"
#include "identity/passwords.h"
#include "identity/rate_limits.h"
#include "identity/user_changes.h"

namespace identity {
namespace {

Task<std::optional<User>> find(pg::Tx& tx, core::UserId& id) { return user_by_id(tx, id); }

constexpr pg::Sql kLockUser{"identity.lock_user_row", R"sql(
  select id from auth.users where id = $1 and deleted_at is null for no key update
)sql"};

constexpr auto kOldSession = std::chrono::hours(24);

struct Change {
  Identity* identity;
  Bearer who;
  UserChanges wanted;
  std::string hash;  // of the new password; empty: none
  ClientInfo from;
};

// Checked again inside the transaction, since a session may have ended while the password was hashed. A user with a
// second factor needs an aal2 session.
Task<User> check(Change& change, pg::Tx& tx) {
  const Identity& identity = *change.identity;
  const auto locked = co_await tx.maybe<core::UserId>(kLockUser, change.who.user);
  const auto user = co_await user_by_id(tx, change.who.user);
  if (!locked || !user) throw core::Problem(403, "identity.user_not_found");
  const auto session = co_await lock_session(*change.identity, tx, change.who);
  if (change.who.session && !session) throw core::Problem(403, "identity.session_not_found");
  const bool weighty = !change.hash.empty() || !change.wanted.email.empty();
  if (weighty && has_verified_factor(*user) && !(session && session->second_factor))
    throw core::Problem(401, "identity.insufficient_aal.update");
  const bool old = !session || identity.clock.now() - session->began > kOldSession;
  if (!change.hash.empty() && identity.config.reauthenticate && old && change.wanted.nonce.empty())
    throw core::Problem(400, "identity.reauthentication_needed");
  co_return *user;
}

Task<> set_new_password(Change& change, pg::Tx& tx) {
  Identity& identity = *change.identity;
  const core::UserId user = change.who.user;
  co_await set_password(tx, user, change.hash, identity.clock.now());
  co_await delete_email_tokens(tx, user);
  // A token without a session belongs to none of them, so all end.
  co_await end_sessions(tx, user, change.who.session, change.who.session ? SignOutScope::others : SignOutScope::global);
  co_await audit(identity, tx, "user_updated_password", user, change.from);
}

Task<> change_address(Change& change, pg::Tx& tx, const User& user) {
  Identity& identity = *change.identity;
  const std::string& address = change.wanted.email;
  const auto taken = co_await user_by_email(tx, address);
  if (taken) throw core::Problem(422, "identity.email_exists");
  if (!identity.config.autoconfirm) {
    co_await queue_email_change(identity, tx, user, address, change.wanted.link_target);
    co_return;
  }
  co_await begin_email_change(tx, user.id, address, identity.clock.now());
  co_await finish_email_change(tx, user.id, identity.clock.now());
  co_await delete_email_tokens(tx, user.id);
}

// Returns nothing instead of throwing for a wrong nonce, so that the counted guess is committed.
Task<std::optional<User>> change_in(pg::Tx& tx, Change& change) {
  Identity& identity = *change.identity;
  const User user = co_await check(change, tx);
  if (!change.wanted.nonce.empty()) {
    const std::vector<std::string> kinds{"reauthentication_token"};
    const auto redeemed = co_await consume_code(identity, tx, user.email, change.wanted.nonce, kinds);
    if (!redeemed || redeemed->user != user.id) co_return std::nullopt;
  }
  if (!change.wanted.metadata.empty())
    co_await merge_user_metadata(tx, user.id, change.wanted.metadata, identity.clock.now());
  if (!change.hash.empty()) co_await set_new_password(change, tx);
  if (!change.wanted.email.empty()) co_await change_address(change, tx, user);
  co_await audit(identity, tx, "user_modified", user.id, change.from);
  auto after = co_await user_by_id(tx, user.id);
  if (after && !change.wanted.metadata.empty()) require_metadata_fits(*after);
  co_return after;
}

User present(std::optional<User> user) {
  if (!user) throw core::Problem(403, "identity.user_not_found");
  return std::move(*user);
}

}  // namespace

Task<User> get_user(Identity& identity, core::UserId user) {
  auto found = co_await identity.db.in(pg::as_service("schema auth is open to the service alone"), find, user);
  co_return present(std::move(found));
}

Task<User> update_user(Identity& identity, Bearer who, UserChanges changes, ClientInfo from) {
  const User before = co_await get_user(identity, who.user);
  if (!changes.email.empty()) changes.email = canonical_email(changes.email);
  if (changes.email == before.email) changes.email.clear();
  if (!changes.email.empty()) {
    // Limited by user id, so that strangers' requests for the address cannot block its owner. The address's token is
    // consumed too, so that resend_email_change is refused within the minute.
    co_await enforce_email_rate_limit(identity, "email_change", before.id.str(), from.ip);
    if (!before.email.empty()) co_await try_consume_email_token(identity, "email_change", before.email, from.ip);
  }
  Change change{&identity, who, std::move(changes), {}, std::move(from)};
  const std::string& password = change.wanted.password;
  if (!password.empty()) {
    // Limited by user id, so that guesses at the address's sign-in cannot block its owner.
    co_await enforce_rate_limit(identity, kSignInRate, change.from.ip, before.id.str());
    co_await require_strong_password(identity, password);
    const std::string stored = before.password_hash.value_or("");
    if (!change.wanted.current_password.empty()) {
      const bool known = co_await password_matches(identity, change.wanted.current_password, stored);
      if (!known) {
        co_await audit_refusal(identity, "user_update_refused", "current_password_invalid", who.user, change.from);
        throw core::Problem(400, "identity.current_password_invalid");
      }
    }
    const bool same = !stored.empty() && co_await password_matches(identity, password, stored);
    if (same) throw core::Problem(422, "identity.same_password");
    change.hash = co_await hash_password(identity, password);
  }
  auto changed = co_await identity.db.in(pg::as_service("the user changes his own row"), change_in, change);
  if (!changed) {
    co_await audit_refusal(identity, "user_update_refused", "reauthentication_not_valid", who.user, change.from);
    throw core::Problem(422, "identity.reauthentication_not_valid");
  }
  co_return std::move(*changed);
}

}  // namespace identity
