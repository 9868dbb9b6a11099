// An address change begins in update_user.cc and ends in verify_email.cc.
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/constant_time_response.h"
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

Task<> again_in(pg::Tx& tx, Ask& ask) {
  const auto user = co_await lock_user_by_email(tx, ask.email);
  if (!user) co_return;
  const auto pending = co_await email_change_of(tx, user->id);
  if (!pending) co_return;
  co_await queue_email_change(*ask.identity, tx, *user, pending->address, ask.link_target);
  co_await audit(*ask.identity, tx, "user_confirmation_requested", user->id, ask.from);
}

}  // namespace

Task<> resend_email_change(Identity& identity, std::string email, EmailLinkTarget link_target, ClientInfo from) {
  const ConstantTimeResponse constant_time(identity);
  email = canonical_email(email);
  co_await enforce_rate_limit(identity, kRecoverRate, from.ip);
  co_await enforce_email_rate_limit(identity, "email_change", email, from.ip);
  const Ask ask{&identity, std::move(email), std::move(link_target), std::move(from)};
  co_await identity.db.in(pg::as_service("somebody asks for his mails again"), again_in, ask);
  co_await constant_time.wait();
}

}  // namespace identity
