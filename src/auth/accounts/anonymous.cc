#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "core/log.h"

namespace auth {
namespace {

struct Entry {
  Auth* auth;
  NewUser user;
  Origin from;
};

Task<Session> enter(pg::Tx& tx, Entry& entry) {
  co_await insert_user(tx, entry.user, entry.auth->clock.now());
  co_await audit(*entry.auth, tx, "user_signedup", entry.user.id, entry.from);
  co_return co_await open_session(*entry.auth, tx, entry.user.id, "anonymous", entry.from);
}

}  // namespace

Task<Session> sign_in_anonymously(Auth& auth, std::string metadata, Origin from) {
  if (!auth.config.signup_open) throw core::Problem(422, "signup_disabled", "Signups not allowed for this instance");
  if (!auth.config.anonymous)
    throw core::Problem(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled");
  co_await require_rate(auth, kAnonymousRate, from.ip);
  Entry entry{&auth, {}, std::move(from)};
  entry.user.id = core::UserId::random();
  entry.user.user_metadata = std::move(metadata);
  entry.user.app_metadata = "{}";
  require_metadata_fits(entry.user.user_metadata, entry.user.app_metadata);
  entry.user.is_anonymous = true;
  Session session = co_await auth.db.in(pg::as_service("a stranger gets a user of his own"), enter, entry);
  core::log::info("auth.account.signed_in", {{"user", session.user}, {"session", session.id}});
  co_return session;
}

}  // namespace auth
