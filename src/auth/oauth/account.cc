#include "auth/oauth/account.h"

#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/tokens/one_time.h"
#include "auth/users/changes.h"

namespace auth::oauth {
namespace {

constexpr pg::Sql kFind{"auth.identity_find", R"sql(
  select user_id from auth.identities where provider = $1 and provider_id = $2
)sql"};

constexpr pg::Sql kRefresh{"auth.identity_refresh", R"sql(
  update auth.identities set identity_data = $3::jsonb, last_sign_in_at = $4, updated_at = $4
  where provider = $1 and provider_id = $2
)sql"};

// What somebody who never showed that the address is his has put there: his password would be a door, his data a lie.
constexpr pg::Sql kClean{"auth.user_clean", R"sql(
  update auth.users
  set encrypted_password = null, raw_user_meta_data = '{}', raw_app_meta_data = coalesce(raw_app_meta_data, '{}')
        - 'provider' - 'providers', updated_at = $2
  where id = $1 and email_confirmed_at is null
)sql"};
constexpr pg::Sql kCleanIdentities{"auth.identities_clean", R"sql(
  delete from auth.identities where user_id = $1 and provider = 'email'
)sql"};

NewIdentity identity_of(const Person& person) { return {person.provider, person.subject, person.data}; }

Task<> sign_in_known(Auth& auth, pg::Tx& tx, core::UserId user, const Person& person) {
  const core::Time now = auth.clock.now();
  const pg::Json data{person.data};
  co_await tx.run(kRefresh, person.provider, person.subject, data, now);
  co_await merge_user_metadata(tx, user, person.data, now);
}

Task<> join(Auth& auth, pg::Tx& tx, const User& user, const Person& person) {
  const core::Time now = auth.clock.now();
  if (!user.confirmed()) {
    co_await tx.run(kClean, user.id, now);
    co_await tx.run(kCleanIdentities, user.id);
    co_await drop_one_time(tx, user.id);
    co_await end_sessions(tx, user.id, std::nullopt, End::everywhere);
  }
  co_await insert_identity(tx, user.id, identity_of(person), now);
  co_await refresh_providers(tx, user.id, now);
  co_await merge_user_metadata(tx, user.id, person.data, now);
  const Confirmed confirmed = co_await confirm_email(tx, user.id, now);
  if (confirmed == Confirmed::now && user.confirmation_sent_at) co_await welcome(auth, tx, user.id);
}

Task<core::UserId> make(Auth& auth, pg::Tx& tx, const Person& person, const std::string& email) {
  if (!auth.config.signup_open) throw core::Problem(422, "signup_disabled", "Signups not allowed for this instance");
  const core::Time now = auth.clock.now();
  core::JsonWriter app;
  app.begin()
      .field("provider", person.provider)
      .key("providers")
      .begin_array()
      .value(person.provider)
      .end_array()
      .end();
  NewUser fresh;
  fresh.id = core::UserId::random();
  fresh.email = email;
  fresh.user_metadata = person.data;
  fresh.app_metadata = app.take();
  fresh.confirmed_at = now;
  fresh.identity = identity_of(person);
  co_await insert_user(tx, fresh, now);
  co_await welcome(auth, tx, fresh.id);
  co_return fresh.id;
}

void require_address(const Person& person) {
  if (person.email.empty())
    throw core::Problem(422, "validation_failed", "Error getting user email from external provider");
  if (!person.email_verified)
    throw core::Problem(403, "provider_email_needs_verification",
                        "Unverified email with " + person.provider + ". Verify the email with " + person.provider +
                            " in order to sign in");
}

void require_allowed(Auth& auth, const User& user) {
  if (user.banned(auth.clock.now())) throw core::Problem(403, "user_banned", "User is banned");
}

}  // namespace

Task<core::UserId> account_of(Auth& auth, pg::Tx& tx, const Person& person, Origin from) {
  const auto known = co_await tx.maybe<core::UserId>(kFind, person.provider, person.subject);
  if (known) {
    const auto user = co_await user_by_id(tx, *known);
    if (!user) throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
    require_allowed(auth, *user);
    co_await sign_in_known(auth, tx, *known, person);
    co_return *known;
  }
  require_address(person);
  const std::string email = canonical_email(person.email);
  const auto same = co_await lock_user_by_email(tx, email);
  if (same) {
    require_allowed(auth, *same);
    co_await join(auth, tx, *same, person);
    co_await audit(auth, tx, "identity_linked", same->id, from);
    co_return same->id;
  }
  const core::UserId fresh = co_await make(auth, tx, person, email);
  co_await audit(auth, tx, "user_signedup", fresh, from);
  co_return fresh;
}

Task<> link_to(Auth& auth, pg::Tx& tx, core::UserId user, const Person& person, Origin from) {
  const auto known = co_await tx.maybe<core::UserId>(kFind, person.provider, person.subject);
  if (known)
    throw core::Problem(422, "identity_already_exists",
                        *known == user ? "Identity is already linked" : "Identity is already linked to another user");
  const auto owner = co_await user_by_id(tx, user);
  if (!owner) throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
  require_allowed(auth, *owner);
  const core::Time now = auth.clock.now();
  co_await insert_identity(tx, user, identity_of(person), now);
  co_await refresh_providers(tx, user, now);
  co_await audit(auth, tx, "identity_linked", user, from);
}

}  // namespace auth::oauth
