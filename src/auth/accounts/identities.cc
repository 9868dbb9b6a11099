#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/users/changes.h"

namespace auth {
namespace {

struct Unlinking {
  Auth* auth;
  core::UserId user;
  core::Uuid identity;
  Origin from;
};

Task<Unlinked> unlink_in(pg::Tx& tx, Unlinking& unlinking) {
  const Unlinked done = co_await unlink_identity(tx, unlinking.user, unlinking.identity, unlinking.auth->clock.now());
  if (done == Unlinked::done) co_await audit(*unlinking.auth, tx, "identity_unlinked", unlinking.user, unlinking.from);
  co_return done;
}

}  // namespace

Task<> unlink(Auth& auth, core::UserId user, core::Uuid identity, Origin from) {
  const Unlinking unlinking{&auth, user, identity, std::move(from)};
  const Unlinked done =
      co_await auth.db.in(pg::as_service("the user parts from one of his identities"), unlink_in, unlinking);
  if (done == Unlinked::unknown) throw core::Problem(422, "identity_not_found", "Identity doesn't exist");
  if (done == Unlinked::last)
    throw core::Problem(422, "single_identity_not_deletable", "User must have at least 1 identity after unlinking");
}

}  // namespace auth
