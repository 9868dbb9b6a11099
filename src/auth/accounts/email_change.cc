// The mails of an address change, sent again. Its beginning is profile.cc, its end redeem.cc.
#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/even_time.h"
#include "auth/limits/limits.h"
#include "auth/users/changes.h"

namespace auth {
namespace {

struct Ask {
  Auth* auth;
  std::string email;
  Landing landing;
  Origin from;
};

Task<> again_in(pg::Tx& tx, Ask& ask) {
  const auto user = co_await lock_user_by_email(tx, ask.email);
  if (!user) co_return;
  const auto pending = co_await email_change_of(tx, user->id);
  if (!pending) co_return;
  co_await mail_email_change(*ask.auth, tx, *user, pending->address, ask.landing);
  co_await audit(*ask.auth, tx, "user_confirmation_requested", user->id, ask.from);
}

}  // namespace

Task<> resend_email_change(Auth& auth, std::string email, Landing landing, Origin from) {
  const EvenTime even(auth);
  email = canonical_email(email);
  co_await require_rate(auth, kRecoverRate, from.ip);
  co_await require_mail_rate(auth, "email_change", email);
  const Ask ask{&auth, std::move(email), std::move(landing), std::move(from)};
  co_await auth.db.in(pg::as_service("somebody asks for his mails again"), again_in, ask);
  co_await even.pass();
}

}  // namespace auth
