#include "core/log.h"
#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/claim_address.h"
#include "identity/constant_time_response.h"
#include "identity/devices.h"
#include "identity/email_tokens.h"
#include "identity/passwords.h"
#include "identity/rate_limits.h"
#include "identity/user_changes.h"

namespace identity {
namespace {

struct Ask {
  Identity* identity;
  std::string email;
  EmailLinkTarget link_target;
  ClientInfo from;
};

Task<> recover_in(pg::Tx& tx, Ask& ask) {
  Identity& identity = *ask.identity;
  const auto user = co_await lock_user_by_email(tx, ask.email);
  if (!user) co_return;
  const AuthEmail email_to_queue{user->id, user->email, "recovery_token", "recovery", "recovery", ask.link_target, {}};
  co_await queue_auth_email(identity, tx, email_to_queue);
  co_await mark_recovery_sent(tx, user->id, identity.clock.now());
  co_await audit(identity, tx, "user_recovery_requested", user->id, ask.from);
}

struct Reset {
  Identity* identity;
  std::string token;
  std::string hash;
  ClientInfo from;
};

Task<std::optional<Session>> reset_in(pg::Tx& tx, Reset& reset) {
  Identity& identity = *reset.identity;
  const std::vector<std::string> kinds{"recovery_token"};
  const auto redeemed = co_await consume_link_token(identity, tx, reset.token, kinds);
  if (!redeemed) co_return std::nullopt;
  const auto user = co_await user_by_id(tx, redeemed->user);
  if (!user) co_return std::nullopt;
  if (user->banned(identity.clock.now())) throw core::Problem(403, "identity.user_banned");
  co_await claim_address(identity, tx, *user, AddressProof::other_email);
  co_await set_password(tx, user->id, reset.hash, identity.clock.now());
  co_await delete_email_tokens(tx, user->id);
  co_await end_sessions(tx, user->id, std::nullopt, SignOutScope::global);
  co_await forget_devices(tx, user->id);
  co_await audit(identity, tx, "user_updated_password", user->id, reset.from);
  co_return co_await open_session(identity, tx, user->id, "recovery", reset.from);
}

}  // namespace

Task<> request_recovery(Identity& identity, std::string email, EmailLinkTarget link_target, ClientInfo from) {
  const ConstantTimeResponse constant_time(identity);
  email = canonical_email(email);
  co_await enforce_rate_limit(identity, kRecoverRate, from.ip);
  co_await enforce_email_rate_limit(identity, "recovery", email, from.ip);
  const Ask ask{&identity, std::move(email), std::move(link_target), std::move(from)};
  co_await identity.db.in(pg::as_service("who forgot his password is not signed in"), recover_in, ask);
  co_await constant_time.wait();
}

Task<Session> reset_password(Identity& identity, std::string token, std::string password, ClientInfo from) {
  co_await enforce_rate_limit(identity, kVerifyRate, from.ip);
  co_await require_strong_password(identity, password);
  Reset reset{&identity, std::move(token), {}, std::move(from)};
  reset.hash = co_await hash_password(identity, std::move(password));
  const auto session = co_await identity.db.in(pg::as_service("a mail's link is its own proof"), reset_in, reset);
  if (!session) {
    co_await audit_refusal(identity, "verify_refused", "otp_expired", std::nullopt, reset.from);
    throw core::Problem(403, "identity.otp_expired");
  }
  core::log::info("identity.password.reset", {{"user", session->user}});
  co_return *session;
}

}  // namespace identity
