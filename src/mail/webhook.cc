// What became of a mail after Resend took it. Signed by the scheme of Svix; delivered at least once and in any order,
// so an event is remembered by its id and a status only moves forward.
#include <cmath>

#include "core/crypto.h"
#include "core/log.h"
#include "core/text.h"
#include "html/html.h"
#include "mail/pages.h"
#include "mail/signature.h"

namespace mail {
namespace {

constexpr pg::Sql kRemember{"mail.event_remember", R"sql(
  insert into tenon.mail_events (svix_id, type) values ($1, $2) on conflict do nothing
)sql"};

constexpr pg::Sql kAdvance{"mail.log_advance", R"sql(
  with rank (status, n) as (
    values ('queued', 0), ('sending', 0), ('sent', 1), ('delivered', 2),
           ('bounced', 3), ('complained', 3), ('suppressed', 3), ('failed', 3), ('skipped', 3)
  )
  update public.email_log l
     set status = new.status, last_event_at = now(), error_message = coalesce(nullif($3, ''), l.error_message)
    from rank new, rank old
   where l.resend_id = $1 and new.status = $2 and old.status = l.status and new.n > old.n
)sql"};

constexpr pg::Sql kSuppress{"mail.address_suppress", R"sql(
  insert into tenon.email_suppressions (address, reason)
  select lower(to_email), $2 from public.email_log where resend_id = $1 and to_email <> ''
  on conflict do nothing
)sql"};

constexpr pg::Sql kNoMarketing{"mail.preferences_drop_marketing", R"sql(
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
  if (co_await tx.run(kRemember, event.id, event.type) == 0) co_return;
  const std::string status = status_of(event.type);
  if (status.empty() || event.email_id.empty()) co_return;
  co_await tx.run(kAdvance, event.email_id, status, event.reason);
  const bool dead =
      (status == "bounced" && event.bounce == "Permanent") || status == "complained" || status == "suppressed";
  if (dead) co_await tx.run(kSuppress, event.email_id, status);
  if (status == "complained") co_await tx.run(kNoMarketing, event.email_id);
}

Event event_of(std::string id, const core::Json& body) {
  const core::Json data = body["data"];
  Event out;
  out.id = std::move(id);
  out.type = body["type"].string_or("").substr(0, 100);
  out.email_id = data["email_id"].string_or("");
  out.bounce = data["bounce"]["type"].string_or("");
  for (const char* what : {"bounce", "suppressed"})
    if (data[what]["message"].is_string()) out.reason = data[what]["message"].string_or("").substr(0, 500);
  if (data["failed"]["reason"].is_string()) out.reason = data["failed"]["reason"].string_or("").substr(0, 500);
  if (!core::valid_utf8(out.reason)) out.reason.clear();
  return out;
}

}  // namespace

Task<http::Response> webhook(Mail& mail, http::Request& rq) {
  const core::SystemClock clock;
  const Signed head = signed_of(rq.headers);
  if (!verify(mail.config.webhook_secret, head, rq.body, clock.now()))
    throw core::Problem(400, "invalid_signature", html::text("en", "mail.webhook.invalid_signature"));
  const auto body = core::Json::parse(rq.body);
  if (!body) throw core::Problem(400, "bad_json", html::text("en", "mail.webhook.bad_json"));
  const Event event = event_of(head.id, *body);
  co_await mail.db.in(pg::as_service("Resend acts for no signed-in user"), receive, event);
  co_return http::json(R"({"received":true})");
}

}  // namespace mail
