#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/admin.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/claim_address.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

constexpr const char* kWhy = "the caller holds the service key";

struct Call {
  Identity* identity;
  LinkRequest request;
};

core::Problem email_taken() { return core::Problem(422, "identity.email_exists"); }

Task<User> create_unconfirmed(Call& call, pg::Tx& tx) {
  const LinkRequest& request = call.request;
  NewUser user;
  user.id = core::UserId::random();
  user.email = request.email;
  user.user_metadata = request.metadata;
  user.password_hash = request.password_hash;
  require_metadata_fits(user.user_metadata, user.app_metadata);
  co_await insert_user(tx, user, call.identity->clock.now());
  co_await audit(*call.identity, tx, "user_signedup", user.id, request.from);
  const auto created = co_await user_by_id(tx, user.id);
  if (!created) throw core::Problem(500, "identity.unexpected_failure.new_user");
  co_return *created;
}

// The user whom a sign-up link or an invitation is for: new, or not confirmed yet.
Task<User> unconfirmed_user(Call& call, pg::Tx& tx) {
  const LinkRequest& request = call.request;
  const auto known = co_await lock_user_by_email(tx, request.email);
  if (known && known->confirmed()) throw email_taken();
  if (!known) co_return co_await create_unconfirmed(call, tx);
  const core::Time now = call.identity->clock.now();
  // The answering click must not confirm what a stranger left at the address.
  if (has_unverified_owner(*known)) co_await discard_unverified(tx, known->id, now);
  if (!request.password_hash.empty()) co_await set_password(tx, known->id, request.password_hash, now);
  co_await merge_user_metadata(tx, known->id, request.metadata, now);
  const auto merged = co_await user_by_id(tx, known->id);
  if (!merged) throw core::Problem(404, "identity.user_not_found.email");
  if (request.metadata != "{}") require_metadata_fits(*merged);
  co_return *merged;
}

// Records what was sent, and returns the kind of token that the link carries.
Task<std::string> prepare_token(Call& call, pg::Tx& tx, const User& user) {
  const LinkRequest& request = call.request;
  const core::Time now = call.identity->clock.now();
  if (request.type == "signup") co_await mark_confirmation_sent(tx, user.id, now);
  if (request.type == "invite") co_await mark_invited(tx, user.id, now);
  if (request.type == "signup" || request.type == "invite") co_return "confirmation_token";
  if (request.type == "magiclink" || request.type == "recovery") {
    co_await mark_recovery_sent(tx, user.id, now);
    co_return "recovery_token";
  }
  const auto other = co_await user_by_email(tx, request.new_email);
  if (other) throw email_taken();
  const auto pending = co_await email_change_of(tx, user.id);
  if (!pending || pending->address != request.new_email)
    co_await begin_email_change(tx, user.id, request.new_email, now);
  co_return request.type == "email_change_new" ? "email_change_token_new" : "email_change_token_current";
}

Task<GeneratedLink> generate_in(pg::Tx& tx, Call& call) {
  Identity& identity = *call.identity;
  LinkRequest& request = call.request;
  std::optional<User> user;
  if (request.type == "signup" || request.type == "invite") {
    user = co_await unconfirmed_user(call, tx);
  } else {
    user = co_await lock_user_by_email(tx, request.email);
    if (!user && request.type == "magiclink") {
      user = co_await create_unconfirmed(call, tx);
      request.type = "signup";
    }
  }
  if (!user) throw core::Problem(404, "identity.user_not_found.email");
  const std::string kind = co_await prepare_token(call, tx, *user);
  const std::string address = request.type == "email_change_new" ? request.new_email : user->email;
  GeneratedLink link{*user, co_await issue_email_token(identity, tx, user->id, kind, address), request.type};
  const bool invited = request.type == "invite";
  co_await audit(identity, tx, invited ? "user_invited" : "user_recovery_requested", user->id, request.from);
  const auto marked = co_await user_by_id(tx, user->id);
  if (marked) link.user = *marked;
  co_return link;
}

Task<std::optional<User>> invite_in(pg::Tx& tx, Call& call) {
  Identity& identity = *call.identity;
  const User user = co_await unconfirmed_user(call, tx);
  EmailLinkTarget link_target;
  link_target.redirect_to = call.request.redirect_to;
  const AuthEmail email{user.id, user.email, "confirmation_token", "invite", "invite", link_target, {}};
  co_await queue_auth_email(identity, tx, email);
  co_await mark_invited(tx, user.id, identity.clock.now());
  co_await mark_confirmation_sent(tx, user.id, identity.clock.now());
  co_await audit(identity, tx, "user_invited", user.id, call.request.from);
  co_return co_await user_by_id(tx, user.id);
}

}  // namespace

bool is_link_type(std::string_view type) {
  return type == "signup" || type == "invite" || type == "magiclink" || type == "recovery" ||
         type == "email_change_current" || type == "email_change_new";
}

Task<GeneratedLink> generate_link(Identity& identity, LinkRequest request) {
  const Call call{&identity, std::move(request)};
  co_return co_await identity.db.in(pg::as_service(kWhy), generate_in, call);
}

Task<std::optional<User>> invite(Identity& identity, LinkRequest request) {
  co_await enforce_instance_email_limit(identity, EmailPurpose::invitation);
  const Call call{&identity, std::move(request)};
  co_return co_await identity.db.in(pg::as_service(kWhy), invite_in, call);
}

}  // namespace identity
