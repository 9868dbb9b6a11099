#include "core/log.h"
#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/constant_time_response.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

struct Ask {
  Identity* identity;
  OtpRequest otp;
};

Task<> create_in(pg::Tx& tx, Ask& ask) {
  Identity& identity = *ask.identity;
  if (!ask.otp.may_create && !identity.config.hide_unknown) throw core::Problem(422, "identity.otp_disabled");
  // Silent when sign-ups are closed: only create_user=false may reveal who has an account (docs/spec/security.md 3.2).
  if (!ask.otp.may_create || !identity.config.signup_open) co_return;
  NewUser fresh;
  fresh.id = core::UserId::random();
  fresh.email = ask.otp.email;
  fresh.user_metadata = ask.otp.metadata;
  co_await insert_user(tx, fresh, identity.clock.now());
  co_await audit(identity, tx, "user_signedup", fresh.id, ask.otp.from);
  co_await queue_confirmation(identity, tx, fresh.id, fresh.email, ask.otp.link_target);
}

Task<> ask_in(pg::Tx& tx, Ask& ask) {
  Identity& identity = *ask.identity;
  const auto user = co_await lock_user_by_email(tx, ask.otp.email);
  if (!user) {
    co_await create_in(tx, ask);
    co_return;
  }
  const AuthEmail email_to_queue{
      user->id, user->email, "recovery_token", "magiclink", "magic_link", ask.otp.link_target, {}};
  co_await queue_auth_email(identity, tx, email_to_queue);
  co_await mark_recovery_sent(tx, user->id, identity.clock.now());
  co_await audit(identity, tx, "user_recovery_requested", user->id, ask.otp.from);
}

}  // namespace

Task<> request_otp(Identity& identity, OtpRequest otp) {
  const ConstantTimeResponse constant_time(identity);
  otp.email = canonical_email(otp.email);
  require_metadata_fits(otp.metadata, NewUser{}.app_metadata);
  co_await enforce_rate_limit(identity, kRecoverRate, otp.from.ip);
  co_await enforce_email_rate_limit(identity, "otp", otp.email, otp.from.ip);
  const Ask ask{&identity, std::move(otp)};
  std::optional<core::Problem> refusal;
  for (int round = 0; round < 2; ++round) {
    refusal.reset();
    try {
      co_await identity.db.in(pg::as_service("whoever reads the mail may come in"), ask_in, ask);
      break;
    } catch (const core::Problem& problem) {
      refusal = problem;
    }
    if (refusal->code != "email_exists") break;  // otherwise a concurrent sign-up took the address
  }
  // For refusals too: the sign-in page answers otp_disabled as if an email had been sent.
  co_await constant_time.wait();
  if (refusal) throw core::Problem(*refusal);
}

}  // namespace identity
