// public.subscriptions: the active tier, and the warnings about a subscription that is unpaid or about to end.
#include "billing/billing.h"

namespace billing {

using core::Task;

namespace {

std::vector<std::string> active_statuses() { return {"trialing", "active", "past_due", "unpaid", "paused"}; }

constexpr pg::Sql kTier{"billing.active_tier", R"sql(
  select coalesce(subscription_tier, '') from public.profiles where id = $1 and subscription_status = any($2)
)sql"};

// The newest subscription with a status in $2. `ends` is when it stops for good. Dates in the past are left out.
constexpr pg::Sql kCurrent{"billing.subscription_current", R"sql(
  select status, case when period_end > now() then period_end end,
         case when cancel_at > now() then cancel_at
              when cancel_at_period_end and period_end > now() then period_end end,
         cancel_at_period_end or cancel_at is not null
    from public.subscriptions
   where user_id = $1 and status = any($2)
   order by created_at desc, id desc limit 1
)sql"};
struct Subscription {  // in select order
  std::string status;
  std::optional<core::Time> runs_until;
  std::optional<core::Time> ends;
  bool cancelled = false;
};

constexpr const char* kCreditsPage = "/app/credits";

html::Banner payment_failed(const Subscription& current) {
  const bool runs = current.status == "past_due" && current.runs_until;
  const char* text = runs ? "billing.banner.past_due" : "billing.banner.unpaid";
  return {"bad", text, runs ? current.runs_until : std::nullopt, kCreditsPage, "billing.banner.update_card"};
}

html::Banner plan_ends(const Subscription& current) {
  const char* text = current.ends ? "billing.banner.ends" : "billing.banner.ends_soon";
  return {"warn", text, current.ends, kCreditsPage, "billing.banner.see_plan"};
}

}  // namespace

Task<std::string> active_tier(pg::Db& db, core::UserId user) {
  auto found = co_await db.as(user).maybe<std::string>(kTier, user, active_statuses());
  co_return found.value_or("");
}

Task<std::vector<html::Banner>> banners(pg::Db& db, core::UserId user) {
  std::vector<html::Banner> out;
  const auto current = co_await db.as(user).maybe<Subscription>(kCurrent, user, active_statuses());
  if (!current) co_return out;
  if (current->status == "past_due" || current->status == "unpaid") out.push_back(payment_failed(*current));
  else if (current->cancelled) out.push_back(plan_ends(*current));
  co_return out;
}

}  // namespace billing
