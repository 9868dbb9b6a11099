#include "auth/accounts.h"
#include "auth/audit.h"
#include "auth/use_cases.h"
#include "auth/wire.h"
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

// POST /auth/v1/logout?scope=global|local|others
Task<Response> logout(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const std::string_view scope = rq.query("scope").value_or("global");
  End which = End::everywhere;
  if (scope == "local") which = End::here;
  else if (scope == "others") which = End::others;
  else if (scope != "global" && !scope.empty())
    throw core::Problem(400, "validation_failed", "Unsupported logout scope");
  co_await sign_out(auth, who.user, who.session, which, origin_of(rq));
  co_return http::empty();
}

}  // namespace auth
