#include "core/log.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"

namespace identity {
namespace {

struct Leave {
  Identity* identity;
  core::UserId user;
  std::optional<core::SessionId> session;
  SignOutScope which;
  ClientInfo from;
};

Task<> leave_in(pg::Tx& tx, Leave& leave) {
  co_await end_sessions(tx, leave.user, leave.session, leave.which);
  co_await audit(*leave.identity, tx, "logout", leave.user, leave.from);
}

}  // namespace

Task<> sign_out(Identity& identity, core::UserId user, std::optional<core::SessionId> session, SignOutScope which,
                ClientInfo from) {
  const Leave leave{&identity, user, session, which, std::move(from)};
  co_await identity.db.in(pg::as_service("sessions are the service's rows"), leave_in, leave);
  core::log::info("identity.account.signed_out", {{"user", user}});
}

}  // namespace identity
