#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/even_time.h"
#include "auth/limits/limits.h"
#include "core/log.h"

namespace auth {
namespace {

struct Ask {
  Auth* auth;
  OtpAsk otp;
};

Task<> create_in(pg::Tx& tx, Ask& ask) {
  Auth& auth = *ask.auth;
  if (!ask.otp.may_create && !auth.config.hide_unknown)
    throw core::Problem(422, "otp_disabled", "Signups not allowed for otp");
  // Silent where sign-ups are closed: only create_user=false may tell who has an account (spec/security.md 3.2).
  if (!ask.otp.may_create || !auth.config.signup_open) co_return;
  NewUser fresh;
  fresh.id = core::UserId::random();
  fresh.email = ask.otp.email;
  fresh.user_metadata = ask.otp.metadata;
  co_await insert_user(tx, fresh, auth.clock.now());
  co_await audit(auth, tx, "user_signedup", fresh.id, ask.otp.from);
  co_await mail_confirmation(auth, tx, fresh.id, fresh.email, ask.otp.landing);
}

Task<> ask_in(pg::Tx& tx, Ask& ask) {
  Auth& auth = *ask.auth;
  const auto user = co_await lock_user_by_email(tx, ask.otp.email);
  if (!user) {
    co_await create_in(tx, ask);
    co_return;
  }
  const Letter letter{user->id, user->email, "recovery_token", "magiclink", "magic_link", ask.otp.landing, {}};
  co_await send_letter(auth, tx, letter);
  co_await mark_recovery_sent(tx, user->id, auth.clock.now());
  co_await audit(auth, tx, "user_recovery_requested", user->id, ask.otp.from);
}

}  // namespace

Task<> request_otp(Auth& auth, OtpAsk otp) {
  const EvenTime even(auth);
  otp.email = canonical_email(otp.email);
  require_metadata_fits(otp.metadata, NewUser{}.app_metadata);
  co_await require_rate(auth, kRecoverRate, otp.from.ip);
  co_await require_mail_rate(auth, "otp", otp.email);
  const Ask ask{&auth, std::move(otp)};
  std::optional<core::Problem> refusal;
  for (int round = 0; round < 2; ++round) {
    refusal.reset();
    try {
      co_await auth.db.in(pg::as_service("whoever reads the mail may come in"), ask_in, ask);
      break;
    } catch (const core::Problem& problem) {
      refusal = problem;
    }
    if (refusal->code != "email_exists") break;  // otherwise another sign-up of the same address was faster
  }
  // Refusals too: the sign-in page answers otp_disabled as if a mail had gone out.
  co_await even.pass();
  if (refusal) throw core::Problem(*refusal);
}

}  // namespace auth
