#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/users/changes.h"

namespace auth {
namespace {

struct Ask {
  Auth* auth;
  core::UserId user;
  Origin from;
};

Task<> ask_in(pg::Tx& tx, Ask& ask) {
  Auth& auth = *ask.auth;
  const auto user = co_await user_by_id(tx, ask.user);
  if (!user) throw core::Problem(403, "user_not_found", "User from sub claim in JWT does not exist");
  const Letter letter{user->id, user->email, "reauthentication_token", "reauthentication", "reauthentication", {}, {}};
  co_await send_letter(auth, tx, letter);
  co_await mark_reauthentication_sent(tx, user->id, auth.clock.now());
  co_await audit(auth, tx, "user_reauthenticate_requested", user->id, ask.from);
}

}  // namespace

Task<> request_reauthentication(Auth& auth, core::UserId id, Origin from) {
  const User user = co_await own_account(auth, id);
  if (user.email.empty())
    throw core::Problem(422, "validation_failed",
                        "Reauthentication requires the user to have an email or a phone number");
  if (!user.confirmed()) throw core::Problem(422, "email_not_confirmed", "Please verify your email first.");
  co_await require_rate(auth, kRecoverRate, from.ip);
  co_await require_mail_rate(auth, "reauthentication", user.email);
  const Ask ask{&auth, id, std::move(from)};
  co_await auth.db.in(pg::as_service("a signed-in user asks for a code"), ask_in, ask);
}

}  // namespace auth
