// /app/credits: the balance, what can be bought, and the account of every credit.
#include <charconv>
#include <chrono>

#include "billing/catalogue.h"
#include "billing/pages.h"
#include "html/format.h"
#include "html/html.h"

namespace billing {
namespace {

using core::Task;

constexpr std::int64_t kRows = 50;

// Of somebody who comes back from the checkout. Stripe tells us of the payment while it sends him back, so the credits
// may be here before him: by as long as he needs to sign in, with a mail to wait for, when another browser is the one
// that comes back. An hour, as it is worse to be told that credits did not come than to have one's last purchase
// counted among them.
constexpr std::chrono::hours kAhead{1};
constexpr std::chrono::minutes kPatience{10};  // from then on waiting helps no more
constexpr std::chrono::hours kRemembered{24};  // an address kept for longer tells of nothing
constexpr const char* kPoll = "5";             // seconds, without JavaScript

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
                       .set("credits", html::pluralize(locale, "billing.credits", offer.credits))
                       .set("price", price_text(offer, catalogue().currency, locale)));
  return rows;
}

// A whole number above zero, else 0.
std::int64_t number_of(const http::Request& rq, std::string_view name) {
  const std::string_view text = rq.query(name).value_or("");
  std::int64_t n = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
  return fault == std::errc{} && end == text.data() + text.size() && n > 0 ? n : 0;
}

// When he came back: `since` of the address. Nothing when it is missing or lies ahead.
std::optional<core::Time> return_of(const http::Request& rq, core::Time now) {
  const std::int64_t since = number_of(rq, "since");
  if (since == 0 || since > core::unix_seconds(now)) return std::nullopt;
  return core::Time{std::chrono::seconds{since}};
}

// The same address with the time of the return, so that the page knows it when it is loaded again.
http::Response marked(const http::Request& rq, core::Time now) {
  std::string url = "/app/credits?success=true&since=" + std::to_string(core::unix_seconds(now));
  if (const auto project = core::ProjectId::parse(rq.query("project").value_or("")))
    url += "&project=" + project->str();
  return http::redirect(url);
}

// Waiting, there, or late. `added`: the credits that came with the purchase.
void tell_return(std::int64_t added, core::Time since, core::Time now, const std::string& locale, html::Data& data) {
  data.set("returned", true);
  if (added > 0) {
    data.set("added", html::pluralize(locale, "billing.page.added", added));
  } else if (now - since < kPatience) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(since + kPatience - now);
    data.set("waiting", true).set("refresh", kPoll).set("seconds_left", std::to_string(left.count()));
  } else {
    data.set("late", html::when(since, locale));
  }
}

}  // namespace

Task<http::Response> credits_page(Billing& billing, http::Request& rq) {
  const core::UserId user = rq.caller.user;
  const std::string locale = html::locale_of(rq);
  const std::int64_t before = number_of(rq, "before");
  const core::Time now = billing.clock.now();
  const bool paid = rq.query("success") == "true" && before == 0;
  const auto since = return_of(rq, now);
  if (paid && !since) co_return marked(rq, now);
  const std::int64_t credits = co_await balance(billing.db, user);
  const std::string tier = co_await living_tier(billing.db, user);
  std::vector<Entry> entries = co_await ledger(billing.db, user, before, kRows + 1);
  const bool more = entries.size() > kRows;
  if (more) entries.pop_back();

  html::Data data;
  data.set("title", "billing.page.title").set("balance", html::number(credits, locale)).set("owed", credits < 0);
  data.set("balance_exact", std::to_string(credits)).set("first_page", before == 0);
  data.set("plan", html::text(locale, "billing.offer." + (tier.empty() ? "none" : tier)));
  data.set("packs", offer_rows(catalogue().packs, locale));
  data.set("more", more ? "/app/credits?before=" + std::to_string(entries.back().seq) : "");
  data.set("entries", entry_rows(entries, locale)).set("none", entries.empty());
  // Somebody who came from a project that he could not pay for goes back to it.
  if (const auto project = core::ProjectId::parse(rq.query("project").value_or("")))
    data.set("back", "/app/projects/" + project->str());
  if (paid && now - *since <= kRemembered) {
    const std::int64_t added = co_await bought_since(billing.db, user, *since - kAhead);
    tell_return(added, *since, now, locale, data);
  }
  data.set("not_paid", rq.query("canceled") == "true");
  co_return html::page(rq, "billing/credits", std::move(data));
}

}  // namespace billing
