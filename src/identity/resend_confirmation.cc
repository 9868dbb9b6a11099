#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/claim_address.h"
#include "identity/constant_time_response.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

struct Ask {
  Identity* identity;
  std::string email;
  EmailLinkTarget link_target;
  ClientInfo from;
};

Task<> resend_in(pg::Tx& tx, Ask& ask) {
  const auto user = co_await lock_user_by_email(tx, ask.email);
  // Users created or invited by an administrator have no confirmation to resend.
  if (!user || !has_unverified_owner(*user)) co_return;
  co_await queue_confirmation(*ask.identity, tx, user->id, user->email, ask.link_target);
  co_await audit(*ask.identity, tx, "user_confirmation_requested", user->id, ask.from);
}

}  // namespace

Task<> resend_confirmation(Identity& identity, std::string email, EmailLinkTarget link_target, ClientInfo from) {
  const ConstantTimeResponse constant_time(identity);
  email = canonical_email(email);
  co_await enforce_rate_limit(identity, kRecoverRate, from.ip);
  co_await enforce_email_rate_limit(identity, "signup", email, from.ip);
  const Ask ask{&identity, std::move(email), std::move(link_target), std::move(from)};
  co_await identity.db.in(pg::as_service("a stranger asks for his mail again"), resend_in, ask);
  co_await constant_time.wait();
}

}  // namespace identity
