#include "core/log.h"
#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

struct SignIn {
  Identity* identity;
  NewUser user;
  ClientInfo from;
};

Task<Session> enter(pg::Tx& tx, SignIn& entry) {
  co_await insert_user(tx, entry.user, entry.identity->clock.now());
  co_await audit(*entry.identity, tx, "user_signedup", entry.user.id, entry.from);
  co_return co_await open_session(*entry.identity, tx, entry.user.id, "anonymous", entry.from);
}

}  // namespace

Task<Session> sign_in_anonymously(Identity& identity, std::string metadata, ClientInfo from) {
  if (!identity.config.signup_open) throw core::Problem(422, "identity.signup_disabled");
  if (!identity.config.anonymous) throw core::Problem(422, "identity.anonymous_provider_disabled");
  co_await enforce_rate_limit(identity, kAnonymousRate, from.ip);
  SignIn entry{&identity, {}, std::move(from)};
  entry.user.id = core::UserId::random();
  entry.user.user_metadata = std::move(metadata);
  entry.user.app_metadata = "{}";
  require_metadata_fits(entry.user.user_metadata, entry.user.app_metadata);
  entry.user.is_anonymous = true;
  Session session = co_await identity.db.in(pg::as_service("a stranger gets a user of his own"), enter, entry);
  core::log::info("identity.account.signed_in", {{"user", session.user}, {"session", session.id}});
  co_return session;
}

}  // namespace identity
