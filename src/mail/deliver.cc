// One mail: read its row, write the letter, mark it sending, send, mark what became of it. A crash anywhere in between
// is repaired by doing it again with the same idempotency key.
#include "core/log.h"
#include "html/format.h"
#include "html/html.h"
#include "mail/letter.h"
#include "mail/mail.h"
#include "mail/resend.h"

namespace mail {
namespace {

using outbox::Delivery;
using outbox::Outcome;

constexpr const char* kWhy = "mails are sent for everybody";

constexpr pg::Sql kRead{"mail.log_read", R"sql(
  select l.kind, coalesce(l.entity, ''), l.to_email, l.status, coalesce(c.locale, 'en')
    from public.email_log l left join lateral tenon.user_contact(l.user_id) c on true
   where l.id = $1
)sql"};
struct Row {
  std::string kind;
  std::string entity;
  std::string to;
  std::string status;
  std::string locale;
};

constexpr pg::Sql kJob{"mail.job_read", R"sql(
  select p.id, p.title, coalesce(j.error_message, ''),
         (select coalesce(sum(g.amount), 0)::bigint from public.credit_ledger g
           where g.job_id = j.id and g.type = 'release')
    from public.jobs j join public.projects p on p.id = j.project_id
   where j.id = $1
)sql"};
struct Job {
  core::ProjectId project;
  std::string title;
  std::string reason;
  std::int64_t returned = 0;
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
constexpr pg::Sql kTrouble{"mail.log_note_trouble", R"sql(
  update public.email_log set error_message = $2
   where id = $1 and status in ('queued', 'sending')
)sql"};

std::optional<core::Uuid> log_of(const outbox::Item& item) {
  return core::Uuid::parse(item.payload["email_log_id"].string_or(""));
}

pg::ImplicitTransaction service(Mail& mail) { return mail.db.as(pg::as_service(kWhy)); }

Facts facts_of(const Mail& mail, const Row& row, const core::Json& extra) {
  Facts out;
  out.to = row.to;
  out.locale = html::nearest_locale(row.locale);
  out.site_url = mail.config.site_url;
  out.url = extra["url"].string_or("");
  out.code = extra["code"].string_or("");
  out.new_email = extra["new_email"].string_or("");
  out.device = extra["device"].string_or("");
  out.place = extra["place"].string_or("");
  out.time = extra["time"].string_or("");
  out.credits = extra["balance"].integer();
  return out;
}

// False when the job or its project is gone: there is nothing left to tell of.
Task<bool> add_job(Mail& mail, const std::string& id, Facts& facts) {
  const auto parsed = core::JobId::parse(id);
  if (!parsed) co_return false;
  const auto job = co_await service(mail).maybe<Job>(kJob, *parsed);
  if (!job) co_return false;
  facts.title = job->title;
  facts.project_id = job->project.str();
  facts.reason = job->reason.empty() ? html::text(facts.locale, "mail.job_failed.no_reason")
                                     : html::retold(facts.locale, job->reason);
  if (job->returned > 0) facts.credits = job->returned;
  co_return true;
}

Task<Delivery> send(Mail& mail, Envelope envelope, Letter letter) {
  http::ClientRequest request = request_of(mail.config, envelope, letter);
  Verdict verdict;
  try {
    const http::ClientResponse answer = co_await mail.client.send(std::move(request));
    verdict = judge(answer);
  } catch (const http::ClientError& e) {
    verdict.error = std::string("no answer: ") + e.what();
  }
  Delivery out{Outcome::done, verdict.error, verdict.after, verdict.pause, verdict.per_second};
  switch (verdict.what) {
    case Verdict::What::sent:
    case Verdict::What::sent_before:
      co_await service(mail).run(kSent, envelope.log, verdict.resend_id, verdict.error);
      core::log::info("mail.letter.sent",
                      {{"kind", envelope.kind}, {"email_log", envelope.log}, {"resend_id", verdict.resend_id}});
      break;
    case Verdict::What::retry:
      co_await service(mail).run(kTrouble, envelope.log, verdict.error);
      out.outcome = Outcome::retry;
      break;
    case Verdict::What::refused: out.outcome = Outcome::failed; break;
  }
  co_return out;
}

Task<Delivery> end(Mail& mail, core::Uuid log, const char* status, std::string reason) {
  co_await service(mail).run(kEnded, log, status, reason);
  co_return Delivery{};
}

Task<Delivery> deliver(Mail& mail, const outbox::Item& item) {
  const auto log = log_of(item);
  if (!log) co_return Delivery{Outcome::failed, "the row names no mail"};
  const auto row = co_await service(mail).maybe<Row>(kRead, *log);
  if (!row || (row->status != "queued" && row->status != "sending")) co_return Delivery{};
  if (row->to.empty()) co_return co_await end(mail, *log, "skipped", "no address");

  Facts facts = facts_of(mail, *row, item.payload);
  if (row->kind.starts_with("job_")) {
    const std::string job = item.payload["job_id"].string_or(row->entity);
    if (!co_await add_job(mail, job, facts)) co_return co_await end(mail, *log, "skipped", "the project is gone");
  }
  std::optional<Letter> letter;
  std::string unfit = "no such kind of mail";
  try {
    letter = compose(row->kind, facts);
  } catch (const std::invalid_argument& e) {
    unfit = e.what();
  }
  if (!letter) co_return Delivery{Outcome::failed, unfit};

  const std::int64_t marked = co_await service(mail).run(kSending, *log, letter->subject);
  if (marked == 0) co_return Delivery{};  // an account deletion or another worker was faster
  if (!mail.config.api_key) co_return co_await end(mail, *log, "skipped", "RESEND_API_KEY is not set");
  co_return co_await send(mail, Envelope{*log, row->kind, row->entity, row->to}, std::move(*letter));
}

Task<> gave_up(Mail& mail, const outbox::Item& item, const std::string& error) {
  const auto log = log_of(item);
  if (log) co_await service(mail).run(kEnded, *log, "failed", error);
}

}  // namespace

void register_deliveries(outbox::OutboxDispatcher& courier, Mail& mail) {
  courier.lane("mail", mail.config.per_second, mail.config.per_second);
  courier.on(
      "mail", [&mail](const outbox::Item& item) { return deliver(mail, item); },
      [&mail](const outbox::Item& item, const std::string& error) { return gave_up(mail, item, error); });
}

}  // namespace mail
