// Delivers one email: read its row, render it, mark it sending, send it, mark the outcome. A crash anywhere in between
// is repaired by doing it all again with the same idempotency key.
#include "core/log.h"
#include "html/format.h"
#include "html/html.h"
#include "mail/email_template.h"
#include "mail/mail.h"
#include "mail/resend_api.h"

namespace mail {
namespace {

using outbox::Delivery;
using outbox::Outcome;

constexpr pg::Sql kRead{"mail.log_read", R"sql(
  select l.kind, coalesce(l.entity, ''), l.to_email, l.status, coalesce(c.locale, 'en')
    from public.email_log l left join lateral tenon.user_contact(l.user_id) c on true
   where l.id = $1
)sql"};
struct LogEntry {  // in select order
  std::string kind;
  std::string entity;
  std::string to;
  std::string status;
  std::string locale;
};

constexpr pg::Sql kSending{"mail.log_mark_sending", R"sql(
  update public.email_log set status = 'sending', subject = $2, attempts = attempts + 1
   where id = $1 and status in ('queued', 'sending')
)sql"};
constexpr pg::Sql kSent{"mail.log_mark_sent", R"sql(
  update public.email_log set status = 'sent', resend_id = nullif($2, ''), error_message = nullif($3, '')
   where id = $1 and status in ('queued', 'sending')
)sql"};
constexpr pg::Sql kEnded{"mail.log_mark_ended", R"sql(
  update public.email_log set status = $2, error_message = $3
   where id = $1 and status in ('queued', 'sending')
)sql"};
constexpr pg::Sql kRetry{"mail.log_mark_retry", R"sql(
  update public.email_log set error_message = $2
   where id = $1 and status in ('queued', 'sending')
)sql"};

constexpr pg::Sql kDigest{"mail.digest_read", R"sql(
  select completed, failed from tenon.job_email_hours where user_id = $1 and hour = $2::text::timestamptz
)sql"};
struct Digest {  // in select order
  std::int32_t completed;
  std::int32_t failed;
};

std::optional<core::Uuid> log_id_of(const outbox::Item& item) {
  return core::Uuid::parse(item.payload["email_log_id"].string_or(""));
}

pg::ImplicitTransaction service(Mail& mail) { return mail.db.as(pg::as_service("the worker sends everybody's email")); }

// "Chrome on Windows", as far as the User-Agent named them.
std::string device_label(const std::string& locale, const std::string& browser, const std::string& system) {
  if (browser.empty() && system.empty()) return html::text(locale, "mail.new_sign_in.unknown_device");
  if (browser.empty() || system.empty()) return browser + system;
  return html::text(locale, "mail.new_sign_in.device", {{"browser", browser}, {"system", system}});
}

EmailFacts facts_of(const Mail& mail, const LogEntry& entry, const core::Json& extra) {
  EmailFacts out;
  out.to = entry.to;
  out.locale = html::nearest_locale(entry.locale);
  out.site_url = mail.config.site_url;
  out.url = extra["url"].string_or("");
  out.code = extra["code"].string_or("");
  out.new_email = extra["new_email"].string_or("");
  out.device = device_label(out.locale, extra["browser"].string_or(""), extra["system"].string_or(""));
  out.place = extra["place"].string_or("");
  if (const auto time = core::parse_rfc3339(extra["time"].string_or(""))) out.time = html::moment(*time, out.locale);
  out.credits = extra["balance"].integer();
  return out;
}

// False when the job or its project is gone, so there is nothing left to write about.
Task<bool> add_job_facts(const FindFinishedJob& find_job, const std::string& id, EmailFacts& facts) {
  const auto job_id = core::JobId::parse(id);
  if (!job_id) co_return false;
  auto job = co_await find_job(*job_id, facts.locale);
  if (!job) co_return false;
  facts.title = std::move(job->title);
  facts.project_id = job->project.str();
  facts.reason = job->reason.empty() ? html::text(facts.locale, "mail.job_failed.no_reason") : std::move(job->reason);
  if (job->returned_credits > 0) facts.credits = job->returned_credits;
  co_return true;
}

// False when the account is gone.
Task<bool> add_digest(Mail& mail, const outbox::Item& item, EmailFacts& facts) {
  if (!item.user) co_return false;
  const std::string hour = item.payload["hour"].string_or("");
  const auto digest = co_await service(mail).maybe<Digest>(kDigest, *item.user, hour);
  if (!digest) co_return false;
  facts.jobs_completed = digest->completed;
  facts.jobs_failed = digest->failed;
  co_return true;
}

Task<Delivery> send(Mail& mail, Envelope envelope, RenderedEmail email) {
  http::ClientRequest request = send_request(mail.config, envelope, email);
  SendOutcome outcome;
  try {
    const http::ClientResponse response = co_await mail.client.send(std::move(request));
    outcome = outcome_of(response);
  } catch (const http::ClientError& e) {
    outcome.error = std::string("no response: ") + e.what();
  }
  Delivery out{Outcome::done, outcome.error, outcome.after, outcome.pause, outcome.per_second};
  switch (outcome.status) {
    case SendOutcome::Status::sent:
    case SendOutcome::Status::already_sent:
      co_await service(mail).run(kSent, envelope.log, outcome.resend_id, outcome.error);
      core::log::info("mail.email.sent",
                      {{"kind", envelope.kind}, {"email_log", envelope.log}, {"resend_id", outcome.resend_id}});
      break;
    case SendOutcome::Status::retry:
      co_await service(mail).run(kRetry, envelope.log, outcome.error);
      out.outcome = Outcome::retry;
      break;
    case SendOutcome::Status::rejected: out.outcome = Outcome::failed; break;
  }
  co_return out;
}

Task<Delivery> skip(Mail& mail, core::Uuid log, std::string reason) {
  co_await service(mail).run(kEnded, log, "skipped", reason);
  co_return Delivery{};
}

Task<Delivery> deliver(Mail& mail, const FindFinishedJob& find_job, const outbox::Item& item) {
  const auto log = log_id_of(item);
  if (!log) co_return Delivery{Outcome::failed, "the payload has no email_log_id"};
  const auto entry = co_await service(mail).maybe<LogEntry>(kRead, *log);
  if (!entry || (entry->status != "queued" && entry->status != "sending")) co_return Delivery{};
  if (entry->to.empty()) co_return co_await skip(mail, *log, "no address");

  EmailFacts facts = facts_of(mail, *entry, item.payload);
  if (entry->kind.starts_with("job_")) {
    const std::string job = item.payload["job_id"].string_or(entry->entity);
    if (!co_await add_job_facts(find_job, job, facts)) co_return co_await skip(mail, *log, "the project is gone");
  }
  if (entry->kind == "jobs_digest" && !co_await add_digest(mail, item, facts))
    co_return co_await skip(mail, *log, "the account is gone");
  std::optional<RenderedEmail> email;
  std::string error = "there is no such kind of email";
  try {
    email = render_email(entry->kind, facts);
  } catch (const std::invalid_argument& e) {
    error = e.what();
  }
  if (!email) co_return Delivery{Outcome::failed, error};

  const std::int64_t marked = co_await service(mail).run(kSending, *log, email->subject);
  if (marked == 0) co_return Delivery{};  // the account was deleted meanwhile, or another worker sends it
  if (!mail.config.api_key) co_return co_await skip(mail, *log, "RESEND_API_KEY is not set");
  co_return co_await send(mail, Envelope{*log, entry->kind, entry->entity, entry->to}, std::move(*email));
}

Task<> mark_failed(Mail& mail, const outbox::Item& item, const std::string& error) {
  const auto log = log_id_of(item);
  if (log) co_await service(mail).run(kEnded, *log, "failed", error);
}

}  // namespace

void register_deliveries(outbox::OutboxDispatcher& dispatcher, Mail& mail, FindFinishedJob find_job) {
  dispatcher.lane("mail", mail.config.per_second, mail.config.per_second);
  dispatcher.on(
      "mail", [&mail, find = std::move(find_job)](const outbox::Item& item) { return deliver(mail, find, item); },
      [&mail](const outbox::Item& item, const std::string& error) { return mark_failed(mail, item, error); });
}

}  // namespace mail
