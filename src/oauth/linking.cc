#include "oauth/linking.h"

#include "core/problem.h"
#include "identity/audit_log.h"
#include "identity/claim_address.h"
#include "identity/user_changes.h"

namespace oauth {
namespace {

constexpr pg::Sql kFind{"oauth.identity_find", R"sql(
  select user_id from auth.identities where provider = $1 and provider_id = $2
)sql"};

constexpr pg::Sql kRefresh{"oauth.identity_refresh", R"sql(
  update auth.identities set identity_data = $3::jsonb, last_sign_in_at = $4, updated_at = $4
  where provider = $1 and provider_id = $2
)sql"};

identity::NewIdentity identity_of(const ProviderProfile& profile) {
  return {profile.provider, profile.subject, profile.data};
}

Task<> sign_in_known(identity::Identity& identity, pg::Tx& tx, core::UserId user, const ProviderProfile& profile) {
  const core::Time now = identity.clock.now();
  const pg::Json data{profile.data};
  co_await tx.run(kRefresh, profile.provider, profile.subject, data, now);
  co_await identity::merge_user_metadata(tx, user, profile.data, now);
}

Task<> link_existing(identity::Identity& identity, pg::Tx& tx, const identity::User& user,
                     const ProviderProfile& profile) {
  const core::Time now = identity.clock.now();
  co_await identity::claim_address(identity, tx, user, identity::AddressProof::provider);
  co_await identity::insert_identity(tx, user.id, identity_of(profile), now);
  co_await identity::refresh_providers(tx, user.id, now);
  co_await identity::merge_user_metadata(tx, user.id, profile.data, now);
}

Task<core::UserId> create_from_profile(identity::Identity& identity, pg::Tx& tx, const ProviderProfile& profile,
                                       const std::string& email) {
  if (!identity.config.signup_open) throw core::Problem(422, "identity.signup_disabled");
  const core::Time now = identity.clock.now();
  core::JsonWriter app;
  app.begin()
      .field("provider", profile.provider)
      .key("providers")
      .begin_array()
      .value(profile.provider)
      .end_array()
      .end();
  identity::NewUser fresh;
  fresh.id = core::UserId::random();
  fresh.email = email;
  fresh.user_metadata = profile.data;
  fresh.app_metadata = app.take();
  fresh.confirmed_at = now;
  fresh.identity = identity_of(profile);
  co_await identity::insert_user(tx, fresh, now);
  co_await identity::send_welcome(identity, tx, fresh.id);
  co_return fresh.id;
}

void require_address(const ProviderProfile& profile) {
  if (profile.email.empty()) throw core::Problem(422, "oauth.validation_failed.no_email");
  if (!profile.email_verified)
    throw core::Problem(403, "oauth.provider_email_needs_verification", {{"provider", profile.provider}});
}

void require_allowed(identity::Identity& identity, const identity::User& user) {
  if (user.banned(identity.clock.now())) throw core::Problem(403, "identity.user_banned");
}

}  // namespace

Task<core::UserId> find_or_create_user(identity::Identity& identity, pg::Tx& tx, const ProviderProfile& profile,
                                       identity::ClientInfo from) {
  const auto known = co_await tx.maybe<core::UserId>(kFind, profile.provider, profile.subject);
  if (known) {
    const auto user = co_await identity::user_by_id(tx, *known);
    if (!user) throw core::Problem(403, "identity.user_not_found");
    require_allowed(identity, *user);
    co_await sign_in_known(identity, tx, *known, profile);
    co_return *known;
  }
  require_address(profile);
  const std::string email = identity::canonical_email(profile.email);
  const auto same = co_await identity::lock_user_by_email(tx, email);
  if (same) {
    require_allowed(identity, *same);
    co_await link_existing(identity, tx, *same, profile);
    co_await identity::audit(identity, tx, "identity_linked", same->id, from);
    co_return same->id;
  }
  const core::UserId fresh = co_await create_from_profile(identity, tx, profile, email);
  co_await identity::audit(identity, tx, "user_signedup", fresh, from);
  co_return fresh;
}

Task<> link_identity(identity::Identity& identity, pg::Tx& tx, core::UserId user, const ProviderProfile& profile,
                     identity::ClientInfo from) {
  const auto known = co_await tx.maybe<core::UserId>(kFind, profile.provider, profile.subject);
  if (known)
    throw core::Problem(422,
                        *known == user ? "oauth.identity_already_exists" : "oauth.identity_already_exists.other_user");
  const auto owner = co_await identity::user_by_id(tx, user);
  if (!owner) throw core::Problem(403, "identity.user_not_found");
  require_allowed(identity, *owner);
  const core::Time now = identity.clock.now();
  co_await identity::insert_identity(tx, user, identity_of(profile), now);
  co_await identity::refresh_providers(tx, user, now);
  co_await identity::audit(identity, tx, "identity_linked", user, from);
}

}  // namespace oauth
