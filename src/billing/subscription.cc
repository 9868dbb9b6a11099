// public.subscriptions: which plan lives, and what it does next as far as its owner must know it.
#include <algorithm>
#include <array>

#include "billing/billing.h"

namespace billing {

using core::Task;

namespace {

constexpr std::array<std::string_view, 5> kLiving{"trialing", "active", "past_due", "unpaid", "paused"};

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

http::Banner payment_failed(const Standing& now) {
  const bool runs = now.status == "past_due" && now.runs_until;
  const char* text = runs ? "billing.banner.past_due" : "billing.banner.unpaid";
  return {"bad", text, runs ? now.runs_until : std::nullopt, kWhere, "billing.banner.update_card"};
}

http::Banner plan_ends(const Standing& now) {
  const char* text = now.ends ? "billing.banner.ends" : "billing.banner.ends_soon";
  return {"warn", text, now.ends, kWhere, "billing.banner.see_plan"};
}

}  // namespace

bool Plan::lives() const { return std::ranges::find(kLiving, status) != kLiving.end(); }

Task<std::vector<http::Banner>> banners(pg::Db& db, core::UserId user) {
  std::vector<http::Banner> out;
  const std::vector<std::string> living(kLiving.begin(), kLiving.end());
  const auto now = co_await db.as(user).maybe<Standing>(kStanding, user, living);
  if (!now) co_return out;
  if (now->status == "past_due" || now->status == "unpaid") out.push_back(payment_failed(*now));
  else if (now->cancelled) out.push_back(plan_ends(*now));
  co_return out;
}

}  // namespace billing
