#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "core/log.h"

namespace auth {
namespace {

struct Leave {
  Auth* auth;
  core::UserId user;
  std::optional<core::SessionId> session;
  End which;
  Origin from;
};

Task<> leave_in(pg::Tx& tx, Leave& leave) {
  co_await end_sessions(tx, leave.user, leave.session, leave.which);
  co_await audit(*leave.auth, tx, "logout", leave.user, leave.from);
}

}  // namespace

Task<> sign_out(Auth& auth, core::UserId user, std::optional<core::SessionId> session, End which, Origin from) {
  const Leave leave{&auth, user, session, which, std::move(from)};
  co_await auth.db.in(pg::as_service("sessions are the service's rows"), leave_in, leave);
  core::log::info("auth.account.signed_out", {{"user", user}});
}

}  // namespace auth
