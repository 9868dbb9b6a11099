// GET and POST /app/settings/notifications: which emails the user wants.
#include "account/pages.h"
#include "html/html.h"
#include "mail/preferences.h"
#include "pg/pg.h"

namespace account {

Task<Response> notifications_page(Account& account, Request& rq) {
  pg::Db& db = account.identity.db;
  const mail::Preferences chosen = co_await mail::preferences_of(db, rq.caller.user);
  const bool undeliverable = co_await mail::is_undeliverable(db, rq.caller.user, rq.caller.email);
  html::Data data;
  data.set("title", "account.notifications.title").set("narrow", true);
  data.set("job_completed", chosen.job_completed).set("job_failed", chosen.job_failed);
  data.set("credits_low", chosen.credits_low).set("marketing", chosen.marketing);
  data.set("undeliverable", undeliverable);
  co_return html::page(rq, "account/notifications", std::move(data));
}

Task<Response> notifications_post(Account& account, Request& rq) {
  const auto on = [&](std::string_view name) { return !rq.form(name).empty(); };
  const mail::Preferences wanted{on("email_job_completed"), on("email_job_failed"), on("email_credits_low"),
                                 on("marketing_opt_in")};
  co_await mail::save_preferences(account.identity.db, rq.caller.user, wanted);
  co_return http::redirect("/app/settings/notifications?notice=account.notifications");
}

}  // namespace account
