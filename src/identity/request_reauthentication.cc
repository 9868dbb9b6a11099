#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/rate_limits.h"
#include "identity/user_changes.h"

namespace identity {
namespace {

struct Ask {
  Identity* identity;
  core::UserId user;
  ClientInfo from;
};

Task<> ask_in(pg::Tx& tx, Ask& ask) {
  Identity& identity = *ask.identity;
  const auto user = co_await user_by_id(tx, ask.user);
  if (!user) throw core::Problem(403, "identity.user_not_found");
  const AuthEmail email_to_queue{
      user->id, user->email, "reauthentication_token", "reauthentication", "reauthentication", {}, {}};
  co_await queue_auth_email(identity, tx, email_to_queue);
  co_await mark_reauthentication_sent(tx, user->id, identity.clock.now());
  co_await audit(identity, tx, "user_reauthenticate_requested", user->id, ask.from);
}

}  // namespace

Task<> request_reauthentication(Identity& identity, core::UserId id, ClientInfo from) {
  const User user = co_await get_user(identity, id);
  if (user.email.empty()) throw core::Problem(422, "identity.validation_failed.no_address");
  if (!user.confirmed()) throw core::Problem(422, "identity.email_not_confirmed.reauthentication");
  co_await enforce_rate_limit(identity, kRecoverRate, from.ip);
  co_await enforce_email_rate_limit(identity, "reauthentication", user.email, from.ip);
  const Ask ask{&identity, id, std::move(from)};
  co_await identity.db.in(pg::as_service("a signed-in user asks for a code"), ask_in, ask);
}

}  // namespace identity
