#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/even_time.h"
#include "auth/limits/limits.h"

namespace auth {
namespace {

struct Ask {
  Auth* auth;
  std::string email;
  Landing landing;
  Origin from;
};

Task<> resend_in(pg::Tx& tx, Ask& ask) {
  const auto user = co_await lock_user_by_email(tx, ask.email);
  // A user whom an administrator made waits for no confirmation, and one whom he invited has his invitation.
  if (!user || !may_be_a_strangers(*user)) co_return;
  co_await mail_confirmation(*ask.auth, tx, user->id, user->email, ask.landing);
  co_await audit(*ask.auth, tx, "user_confirmation_requested", user->id, ask.from);
}

}  // namespace

Task<> resend_confirmation(Auth& auth, std::string email, Landing landing, Origin from) {
  const EvenTime even(auth);
  email = canonical_email(email);
  co_await require_rate(auth, kRecoverRate, from.ip);
  co_await require_mail_rate(auth, "signup", email);
  const Ask ask{&auth, std::move(email), std::move(landing), std::move(from)};
  co_await auth.db.in(pg::as_service("a stranger asks for his mail again"), resend_in, ask);
  co_await even.pass();
}

}  // namespace auth
