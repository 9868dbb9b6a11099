#include "mail/pages.h"
#include "mail/preferences.h"

namespace mail {
namespace {

constexpr pg::Sql kRead{"mail.preferences_read", R"sql(
  select coalesce(p.email_job_completed, true), coalesce(p.email_job_failed, true),
         coalesce(p.email_credits_low, true), coalesce(p.marketing_opt_in, false)
    from (select $1::uuid as id) as one left join public.user_notification_prefs p on p.user_id = one.id
)sql"};

constexpr pg::Sql kSave{"mail.preferences_save", R"sql(
  insert into public.user_notification_prefs
         (user_id, email_job_completed, email_job_failed, email_credits_low, marketing_opt_in)
  values ($1, $2, $3, $4, $5)
  on conflict (user_id) do update
     set email_job_completed = excluded.email_job_completed, email_job_failed = excluded.email_job_failed,
         email_credits_low = excluded.email_credits_low, marketing_opt_in = excluded.marketing_opt_in
)sql"};

constexpr pg::Sql kLast{"mail.log_read_last", R"sql(
  select l.status in ('bounced', 'suppressed') from public.email_log l
   where l.user_id = $1 and l.to_email = $2 and l.status in ('sent', 'delivered', 'bounced', 'suppressed')
   order by l.created_at desc, l.id desc limit 1
)sql"};

}  // namespace

Task<Preferences> preferences_of(Mail& mail, core::UserId user) {
  co_return co_await mail.db.as(user).one<Preferences>(kRead, user);
}

Task<> save_preferences(Mail& mail, core::UserId user, Preferences wanted) {
  co_await mail.db.as(user).run(kSave, user, wanted.job_completed, wanted.job_failed, wanted.credits_low,
                                wanted.marketing);
}

Task<bool> is_undeliverable(Mail& mail, core::UserId user, std::string address) {
  const auto last = co_await mail.db.as(user).maybe<bool>(kLast, user, address);
  co_return last.value_or(false);
}

void show(html::Data& data, const Preferences& p, bool undeliverable) {
  data.set("job_completed", p.job_completed).set("job_failed", p.job_failed);
  data.set("credits_low", p.credits_low).set("marketing", p.marketing);
  data.set("undeliverable", undeliverable);
}

Task<http::Response> notifications_page(Mail& mail, http::Request& rq) {
  const core::UserId user = rq.caller.user;
  const Preferences chosen = co_await preferences_of(mail, user);
  const bool undeliverable = co_await is_undeliverable(mail, user, rq.caller.email);
  html::Data data;
  data.set("title", "mail.notifications.title").set("narrow", true);
  show(data, chosen, undeliverable);
  co_return html::page(rq, "mail/notifications", data);
}

Task<http::Response> save_notifications(Mail& mail, http::Request& rq) {
  const auto on = [&](std::string_view name) { return !rq.form(name).empty(); };
  const Preferences wanted{on("email_job_completed"), on("email_job_failed"), on("email_credits_low"),
                           on("marketing_opt_in")};
  co_await save_preferences(mail, rq.caller.user, wanted);
  co_return http::redirect("/app/settings/notifications?notice=mail.notifications");
}

}  // namespace mail
