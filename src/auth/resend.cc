#include "auth/accounts.h"
#include "auth/audit.h"
#include "auth/limits.h"
#include "auth/redirect.h"
#include "auth/use_cases.h"
#include "auth/wire.h"

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
  // A user whom an administrator made waits for no confirmation.
  if (!user || user->confirmed() || !user->confirmation_sent_at) co_return;
  co_await mail_confirmation(*ask.auth, tx, user->id, user->email, ask.landing);
  co_await audit(*ask.auth, tx, "user_confirmation_requested", user->id, ask.from);
}

}  // namespace

Task<> resend_confirmation(Auth& auth, std::string email, Landing landing, Origin from) {
  email = canonical_email(email);
  co_await require_rate(auth, kRecoverRate, from.ip);
  co_await require_mail_rate(auth, "signup", email);
  const Ask ask{&auth, std::move(email), std::move(landing), std::move(from)};
  co_await auth.db.in(pg::as_service("a stranger asks for his mail again"), resend_in, ask);
}

// POST /auth/v1/resend
Task<Response> resend(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string type = text_of(body, "type");
  if (type != "signup" && type != "email_change")
    throw core::Problem(400, "validation_failed",
                        "Missing one of these types: signup, email_change, sms, phone_change");
  Landing landing;
  if (names_other_place(auth.config, rq)) landing.redirect_to = redirect_target(auth.config, rq);
  if (type == "signup") co_await resend_confirmation(auth, text_of(body, "email"), std::move(landing), origin_of(rq));
  co_return http::json("{}");
}

}  // namespace auth
