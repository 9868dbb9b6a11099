#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/devices/devices.h"
#include "auth/limits/even_time.h"
#include "auth/limits/limits.h"
#include "auth/passwords/password.h"
#include "auth/tokens/one_time.h"
#include "auth/users/changes.h"
#include "core/log.h"

namespace auth {
namespace {

struct Ask {
  Auth* auth;
  std::string email;
  Landing landing;
  Origin from;
};

Task<> recover_in(pg::Tx& tx, Ask& ask) {
  Auth& auth = *ask.auth;
  const auto user = co_await lock_user_by_email(tx, ask.email);
  if (!user) co_return;
  const Letter letter{user->id, user->email, "recovery_token", "recovery", "recovery", ask.landing, {}};
  co_await send_letter(auth, tx, letter);
  co_await mark_recovery_sent(tx, user->id, auth.clock.now());
  co_await audit(auth, tx, "user_recovery_requested", user->id, ask.from);
}

struct Reset {
  Auth* auth;
  std::string token;
  std::string hash;
  Origin from;
};

Task<std::optional<Session>> reset_in(pg::Tx& tx, Reset& reset) {
  Auth& auth = *reset.auth;
  const std::vector<std::string> kinds{"recovery_token"};
  const auto redeemed = co_await redeem_link(auth, tx, reset.token, kinds);
  if (!redeemed) co_return std::nullopt;
  const auto user = co_await user_by_id(tx, redeemed->user);
  if (!user) co_return std::nullopt;
  if (user->banned(auth.clock.now())) throw core::Problem(403, "user_banned", "User is banned");
  if (may_be_a_strangers(*user)) co_await clear_password(tx, user->id, auth.clock.now());
  const Confirmed confirmed = co_await confirm_email(tx, user->id, auth.clock.now());
  if (confirmed == Confirmed::now && user->confirmation_sent_at) co_await welcome(auth, tx, user->id);
  co_await set_password(tx, user->id, reset.hash, auth.clock.now());
  co_await drop_one_time(tx, user->id);
  co_await end_sessions(tx, user->id, std::nullopt, End::everywhere);
  co_await forget_devices(tx, user->id);
  co_await audit(auth, tx, "user_updated_password", user->id, reset.from);
  co_return co_await open_session(auth, tx, user->id, "recovery", reset.from);
}

}  // namespace

Task<> request_recovery(Auth& auth, std::string email, Landing landing, Origin from) {
  const EvenTime even(auth);
  email = canonical_email(email);
  co_await require_rate(auth, kRecoverRate, from.ip);
  co_await require_mail_rate(auth, "recovery", email);
  const Ask ask{&auth, std::move(email), std::move(landing), std::move(from)};
  co_await auth.db.in(pg::as_service("who forgot his password is not signed in"), recover_in, ask);
  co_await even.pass();
}

Task<Session> reset_password(Auth& auth, std::string token, std::string password, Origin from) {
  co_await require_rate(auth, kVerifyRate, from.ip);
  co_await require_fit(auth, password);
  Reset reset{&auth, std::move(token), {}, std::move(from)};
  reset.hash = co_await hash_password(auth, std::move(password));
  const auto session = co_await auth.db.in(pg::as_service("a mail's link is its own proof"), reset_in, reset);
  if (!session) {
    co_await audit_refused(auth, "verify_refused", "otp_expired", std::nullopt, reset.from);
    throw core::Problem(403, "otp_expired", "Email link is invalid or has expired");
  }
  core::log::info("auth.password.reset", {{"user", session->user}});
  co_return *session;
}

}  // namespace auth
