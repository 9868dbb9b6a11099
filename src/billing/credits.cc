// /app/credits: the balance, what is for sale, and the ledger.
#include <charconv>
#include <chrono>

#include "billing/catalogue.h"
#include "billing/pages.h"
#include "html/format.h"
#include "html/html.h"

namespace billing {
namespace {

using core::Task;

constexpr std::int64_t kPageRows = 50;

// After a checkout. Stripe's webhook races with the buyer's redirect, so the credits may be there first, by as long as
// the buyer needs to sign in again in another browser. Counting purchases of the last hour may include an earlier one;
// that is better than reporting paid credits as missing.
constexpr std::chrono::hours kWebhookLead{1};
constexpr std::chrono::minutes kGiveUpAfter{10};  // then the page stops polling and says what to do
constexpr std::chrono::hours kReturnExpires{24};  // a bookmarked return URL shows nothing after that
constexpr const char* kPollSeconds = "5";         // without JavaScript

html::Rows entry_rows(const std::vector<Entry>& entries, const std::string& locale) {
  html::Rows rows;
  for (const Entry& entry : entries) {
    const bool has_note = entry.type == "purchase" || entry.type == "refund" || entry.type == "admin_adjust";
    html::Data row;
    row.set("seq", std::to_string(entry.seq)).set("at", html::when(entry.at, locale));
    row.set("what", html::text(locale, "billing.ledger." + entry.type));
    const std::string note = has_note ? entry.note : "";
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
                       .set("credits", html::pluralize(locale, "billing.credits", offer.credits))
                       .set("price", price_text(offer, catalogue().currency, locale)));
  return rows;
}

// 0 unless the query parameter is a positive integer.
std::int64_t positive_number(const http::Request& rq, std::string_view name) {
  const std::string_view text = rq.query(name).value_or("");
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc{} && end == text.data() + text.size() && n > 0 ? n : 0;
}

// When the buyer returned, from `since` in the URL. Nothing when it is missing or in the future.
std::optional<core::Time> return_time(const http::Request& rq, core::Time now) {
  const std::int64_t since = positive_number(rq, "since");
  if (since == 0 || since > core::unix_seconds(now)) return std::nullopt;
  return core::Time{std::chrono::seconds{since}};
}

// Redirects to the same URL with the time of the return, which then survives a reload.
http::Response with_return_time(const http::Request& rq, core::Time now) {
  std::string url = "/app/credits?success=true&since=" + std::to_string(core::unix_seconds(now));
  if (const auto project = core::ProjectId::parse(rq.query("project").value_or("")))
    url += "&project=" + project->str();
  return http::redirect(url);
}

// Shows that the credits have arrived, are awaited, or are late. `added` are those that came with the purchase.
void add_return_view(std::int64_t added, core::Time since, core::Time now, const std::string& locale,
                     html::Data& data) {
  data.set("returned", true);
  if (added > 0) {
    data.set("added", html::pluralize(locale, "billing.page.added", added));
  } else if (now - since < kGiveUpAfter) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(since + kGiveUpAfter - now);
    data.set("waiting", true).set("refresh", kPollSeconds).set("seconds_left", std::to_string(left.count()));
  } else {
    data.set("late", html::when(since, locale));
  }
}

}  // namespace

Task<http::Response> credits_page(Billing& billing, http::Request& rq) {
  const core::UserId user = rq.caller.user;
  const std::string locale = html::locale_of(rq);
  const std::int64_t before = positive_number(rq, "before");
  const core::Time now = billing.clock.now();
  const bool paid = rq.query("success") == "true" && before == 0;
  const auto since = return_time(rq, now);
  if (paid && !since) co_return with_return_time(rq, now);
  const std::int64_t credits = co_await balance(billing.db, user);
  const std::string tier = co_await active_tier(billing.db, user);
  std::vector<Entry> entries = co_await ledger(billing.db, user, before, kPageRows + 1);
  const bool more = entries.size() > kPageRows;
  if (more) entries.pop_back();

  html::Data data;
  data.set("title", "billing.page.title").set("balance", html::number(credits, locale)).set("owed", credits < 0);
  data.set("balance_exact", std::to_string(credits)).set("first_page", before == 0);
  data.set("plan", html::text(locale, "billing.offer." + (tier.empty() ? "none" : tier)));
  data.set("packs", offer_rows(catalogue().packs, locale));
  data.set("more", more ? "/app/credits?before=" + std::to_string(entries.back().seq) : "");
  data.set("entries", entry_rows(entries, locale)).set("none", entries.empty());
  // Leads back to the project that could not be paid for.
  if (const auto project = core::ProjectId::parse(rq.query("project").value_or("")))
    data.set("back", "/app/projects/" + project->str());
  if (paid && now - *since <= kReturnExpires) {
    const std::int64_t added = co_await bought_since(billing.db, user, *since - kWebhookLead);
    add_return_view(added, *since, now, locale, data);
  }
  data.set("not_paid", rq.query("canceled") == "true");
  co_return html::page(rq, "billing/credits", std::move(data));
}

}  // namespace billing
