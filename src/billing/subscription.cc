// public.subscriptions: which plan lives, and what it does next as far as its owner must know it.
#include "billing/billing.h"

namespace billing {

using core::Task;

namespace {

std::vector<std::string> living() { return {"trialing", "active", "past_due", "unpaid", "paused"}; }

constexpr pg::Sql kTier{"billing.living_tier", R"sql(
  select coalesce(subscription_tier, '') from public.profiles where id = $1 and subscription_status = any($2)
)sql"};

// The newest of a status among $2. `ends` is when it stops for good. A day that has passed promises nothing.
constexpr pg::Sql kStanding{"billing.subscription_standing", R"sql(
  select status, case when period_end > now() then period_end end,
         case when cancel_at > now() then cancel_at
              when cancel_at_period_end and period_end > now() then period_end end,
         cancel_at_period_end or cancel_at is not null
    from public.subscriptions
   where user_id = $1 and status = any($2)
   order by created_at desc, id desc limit 1
)sql"};
struct Standing {  // in select order
  std::string status;
  std::optional<core::Time> runs_until;
  std::optional<core::Time> ends;
  bool cancelled = false;
};

constexpr const char* kWhere = "/app/credits";

html::Banner payment_failed(const Standing& now) {
  const bool runs = now.status == "past_due" && now.runs_until;
  const char* text = runs ? "billing.banner.past_due" : "billing.banner.unpaid";
  return {"bad", text, runs ? now.runs_until : std::nullopt, kWhere, "billing.banner.update_card"};
}

html::Banner plan_ends(const Standing& now) {
  const char* text = now.ends ? "billing.banner.ends" : "billing.banner.ends_soon";
  return {"warn", text, now.ends, kWhere, "billing.banner.see_plan"};
}

}  // namespace

Task<std::string> living_tier(pg::Db& db, core::UserId user) {
  auto found = co_await db.as(user).maybe<std::string>(kTier, user, living());
  co_return found.value_or("");
}

Task<std::vector<html::Banner>> banners(pg::Db& db, core::UserId user) {
  std::vector<html::Banner> out;
  const auto now = co_await db.as(user).maybe<Standing>(kStanding, user, living());
  if (!now) co_return out;
  if (now->status == "past_due" || now->status == "unpaid") out.push_back(payment_failed(*now));
  else if (now->cancelled) out.push_back(plan_ends(*now));
  co_return out;
}

}  // namespace billing
