// /app/credits: the balance, what can be bought, and the account of every credit.
#include <charconv>

#include "billing/catalogue.h"
#include "billing/pages.h"
#include "html/format.h"
#include "html/html.h"

namespace billing {
namespace {

using core::Task;

constexpr std::int64_t kRows = 50;

html::Rows entry_rows(const std::vector<Entry>& entries, const std::string& locale) {
  html::Rows rows;
  for (const Entry& entry : entries) {
    const bool own_words = entry.type == "purchase" || entry.type == "refund" || entry.type == "admin_adjust";
    html::Data row;
    row.set("seq", std::to_string(entry.seq)).set("at", html::when(entry.at, locale));
    row.set("what", html::text(locale, "billing.ledger." + entry.type));
    const std::string note = own_words ? entry.note : "";
    row.set("note", entry.welcome ? html::text(locale, "billing.ledger.welcome") : note);
    row.set("amount", (entry.amount > 0 ? "+" : "") + html::number(entry.amount, locale)).set("in", entry.amount > 0);
    row.set("after", html::number(entry.balance_after, locale)).set("job", entry.job ? entry.job->str() : "");
    rows.push_back(std::move(row));
  }
  return rows;
}

html::Rows offer_rows(const std::vector<Offer>& offers, const std::string& locale) {
  html::Rows rows;
  for (const Offer& offer : offers)
    rows.push_back(html::Data{}
                       .set("name", html::text(locale, "billing.offer." + offer.key))
                       .set("credits", html::counted(locale, "billing.credits", offer.credits))
                       .set("price", price_text(offer, catalogue().currency, locale)));
  return rows;
}

std::int64_t before_of(const http::Request& rq) {
  const std::string_view text = rq.query("before").value_or("");
  std::int64_t seq = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seq);
  return fault == std::errc{} && end == text.data() + text.size() && seq > 0 ? seq : 0;
}

}  // namespace

Task<http::Response> credits_page(Billing& billing, http::Request& rq) {
  const core::UserId user = rq.caller.user;
  const std::string locale = html::locale_of(rq);
  const std::int64_t before = before_of(rq);
  const std::int64_t now = co_await balance(billing.db, user);
  const Plan plan = co_await plan_of(billing.db, user);
  std::vector<Entry> entries = co_await ledger(billing.db, user, before, kRows + 1);
  const bool more = entries.size() > kRows;
  if (more) entries.pop_back();

  html::Data data;
  data.set("title", "billing.page.title").set("balance", html::number(now, locale)).set("owed", now < 0);
  data.set("balance_exact", std::to_string(now)).set("first_page", before == 0);
  const std::string tier = plan.tier.empty() ? "none" : plan.tier;
  data.set("plan", html::text(locale, "billing.offer." + tier)).set("plan_status", plan.status);
  data.set("packs", offer_rows(catalogue().packs, locale));
  data.set("more", more ? "/app/credits?before=" + std::to_string(entries.back().seq) : "");
  data.set("entries", entry_rows(entries, locale)).set("none", entries.empty());
  // Somebody who came from a project that he could not pay for goes back to it.
  if (const auto project = core::ProjectId::parse(rq.query("project").value_or("")))
    data.set("back", "/app/projects/" + project->str());
  data.set("paid", rq.query("success") == "true").set("not_paid", rq.query("canceled") == "true");
  co_return html::page(rq, "billing/credits", std::move(data));
}

}  // namespace billing
