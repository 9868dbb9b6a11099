#include "identity/claim_address.h"

#include "identity/email_tokens.h"
#include "identity/sessions.h"
#include "identity/user_changes.h"
#include "outbox/outbox.h"

namespace identity {
namespace {

constexpr pg::Sql kGrant{"identity.welcome_grant", R"sql(
  select tenon.grant_credits($1::uuid, 'welcome:' || $1::uuid::text, $2, 'Welcome credits')
)sql"};

constexpr pg::Sql kForgetProviders{"identity.user_forget_providers", R"sql(
  update auth.users set raw_app_meta_data = coalesce(raw_app_meta_data, '{}') - 'provider' - 'providers' where id = $1
)sql"};
constexpr pg::Sql kDeleteEmailIdentity{"identity.email_identity_delete", R"sql(
  delete from auth.identities where user_id = $1 and provider = 'email'
)sql"};

Task<> discard_everything(pg::Tx& tx, core::UserId user, core::Time now) {
  co_await discard_unverified(tx, user, now);
  co_await tx.run(kForgetProviders, user);
  co_await tx.run(kDeleteEmailIdentity, user);
  co_await delete_email_tokens(tx, user);
  co_await end_sessions(tx, user, std::nullopt, SignOutScope::global);
}

}  // namespace

bool has_pending_invitation(const User& user) { return !user.confirmed() && !user.password_hash && was_invited(user); }

bool has_unverified_owner(const User& user) {
  return !user.confirmed() && user.confirmation_sent_at && !has_pending_invitation(user);
}

Task<Confirmed> claim_address(Identity& identity, pg::Tx& tx, const User& user, AddressProof proof) {
  const core::Time now = identity.clock.now();
  if (proof == AddressProof::provider && !user.confirmed()) co_await discard_everything(tx, user.id, now);
  if (proof == AddressProof::other_email && has_unverified_owner(user)) co_await discard_unverified(tx, user.id, now);
  const Confirmed confirmed = co_await confirm_email(tx, user.id, now);
  // Users who signed up themselves were sent a confirmation; so were invited ones, who do not count.
  const bool signed_up_themselves = user.confirmation_sent_at && !was_invited(user);
  if (confirmed == Confirmed::now && signed_up_themselves) co_await send_welcome(identity, tx, user.id);
  co_return confirmed;
}

Task<> discard_unverified(pg::Tx& tx, core::UserId user, core::Time now) { return clear_password(tx, user, now); }

Task<> send_welcome(Identity& identity, pg::Tx& tx, core::UserId user) {
  if (identity.config.welcome_credits > 0) co_await tx.one<std::string>(kGrant, user, identity.config.welcome_credits);
  core::JsonWriter extra;
  extra.begin().field("url", identity.config.site_url + "/app").end();
  co_await outbox::queue_mail(tx, user, "welcome", user.str(), extra.take());
}

}  // namespace identity
