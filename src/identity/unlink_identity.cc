#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/user_changes.h"

namespace identity {
namespace {

struct Unlinking {
  Identity* identity;
  core::UserId user;
  core::Uuid identity_id;
  ClientInfo from;
};

Task<Unlinked> unlink_in(pg::Tx& tx, Unlinking& unlinking) {
  const Unlinked done =
      co_await unlink_identity(tx, unlinking.user, unlinking.identity_id, unlinking.identity->clock.now());
  if (done == Unlinked::done)
    co_await audit(*unlinking.identity, tx, "identity_unlinked", unlinking.user, unlinking.from);
  co_return done;
}

}  // namespace

Task<> unlink_identity(Identity& identity, core::UserId user, core::Uuid identity_id, ClientInfo from) {
  const Unlinking unlinking{&identity, user, identity_id, std::move(from)};
  const Unlinked done =
      co_await identity.db.in(pg::as_service("the user parts from one of his identities"), unlink_in, unlinking);
  if (done == Unlinked::unknown) throw core::Problem(422, "identity.identity_not_found");
  if (done == Unlinked::last) throw core::Problem(422, "identity.single_identity_not_deletable");
}

}  // namespace identity
