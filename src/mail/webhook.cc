// POST /api/resend/webhook: what became of an email after Resend accepted it. Events arrive at least once and in any
// order, so each is stored by its id and a status only moves forward.
#include <cmath>

#include "core/crypto.h"
#include "core/log.h"
#include "core/text.h"
#include "mail/pages.h"
#include "mail/webhook_signature.h"

namespace mail {
namespace {

constexpr pg::Sql kRecordEvent{"mail.event_record", R"sql(
  insert into tenon.mail_events (svix_id, type) values ($1, $2) on conflict do nothing
)sql"};

constexpr pg::Sql kAdvanceStatus{"mail.log_advance", R"sql(
  with rank (status, n) as (
    values ('queued', 0), ('sending', 0), ('sent', 1), ('delivered', 2),
           ('bounced', 3), ('complained', 3), ('suppressed', 3), ('failed', 3), ('skipped', 3)
  )
  update public.email_log l
     set status = new.status, last_event_at = now(), error_message = coalesce(nullif($3, ''), l.error_message)
    from rank new, rank old
   where l.resend_id = $1 and new.status = $2 and old.status = l.status and new.n > old.n
)sql"};

constexpr pg::Sql kSuppressAddress{"mail.address_suppress", R"sql(
  insert into tenon.email_suppressions (address, reason)
  select lower(to_email), $2 from public.email_log where resend_id = $1 and to_email <> ''
  on conflict do nothing
)sql"};

constexpr pg::Sql kOptOutOfMarketing{"mail.preferences_opt_out", R"sql(
  update public.user_notification_prefs p set marketing_opt_in = false
    from public.email_log l where l.resend_id = $1 and p.user_id = l.user_id
)sql"};

struct Event {
  std::string id;
  std::string type;
  std::string email_id;
  std::string bounce;  // Permanent, Transient, Undetermined
  std::string reason;
};

std::string status_of(std::string_view type) {
  if (type == "email.sent" || type == "email.scheduled") return "sent";
  for (const char* known : {"delivered", "bounced", "complained", "suppressed", "failed"})
    if (type == std::string("email.") + known) return known;
  return "";
}

Task<> receive(pg::Tx& tx, const Event& event) {
  if (co_await tx.run(kRecordEvent, event.id, event.type) == 0) co_return;
  const std::string status = status_of(event.type);
  if (status.empty() || event.email_id.empty()) co_return;
  co_await tx.run(kAdvanceStatus, event.email_id, status, event.reason);
  const bool undeliverable =
      (status == "bounced" && event.bounce == "Permanent") || status == "complained" || status == "suppressed";
  if (undeliverable) co_await tx.run(kSuppressAddress, event.email_id, status);
  if (status == "complained") co_await tx.run(kOptOutOfMarketing, event.email_id);
}

Event event_of(std::string id, const core::Json& body) {
  const core::Json data = body["data"];
  Event out;
  out.id = std::move(id);
  out.type = body["type"].string_or("").substr(0, 100);
  out.email_id = data["email_id"].string_or("");
  out.bounce = data["bounce"]["type"].string_or("");
  for (const char* cause : {"bounce", "suppressed"})
    if (data[cause]["message"].is_string()) out.reason = data[cause]["message"].string_or("").substr(0, 500);
  if (data["failed"]["reason"].is_string()) out.reason = data["failed"]["reason"].string_or("").substr(0, 500);
  if (!core::valid_utf8(out.reason)) out.reason.clear();
  return out;
}

}  // namespace

Task<http::Response> webhook(Mail& mail, http::Request& rq) {
  const core::SystemClock clock;
  const SignatureHeaders signature = signature_headers(rq.headers);
  if (!verify_signature(mail.config.webhook_secret, signature, rq.body, clock.now()))
    throw core::Problem(400, "mail.invalid_signature");
  const auto body = core::Json::parse(rq.body);
  if (!body) throw core::Problem(400, "mail.bad_json");
  const Event event = event_of(signature.id, *body);
  co_await mail.db.in(pg::as_service("Resend acts for no signed-in user"), receive, event);
  co_return http::json(R"({"received":true})");
}

}  // namespace mail
