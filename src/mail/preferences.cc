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

Task<Preferences> preferences_of(pg::Db& db, core::UserId user) {
  co_return co_await db.as(user).one<Preferences>(kRead, user);
}

Task<> save_preferences(pg::Db& db, core::UserId user, Preferences wanted) {
  co_await db.as(user).run(kSave, user, wanted.job_completed, wanted.job_failed, wanted.credits_low, wanted.marketing);
}

Task<bool> is_undeliverable(pg::Db& db, core::UserId user, std::string address) {
  const auto last = co_await db.as(user).maybe<bool>(kLast, user, address);
  co_return last.value_or(false);
}

}  // namespace mail
