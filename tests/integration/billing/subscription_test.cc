// The subscription banner of every page: none while all is well, a failed payment, the end of the plan.
#include "billing/billing.h"
#include "core/clock.h"
#include "support/app.h"

namespace {

using Banners = std::vector<html::Banner>;

class Bank : public support::App {
 public:
  // A subscription of that age in days, whose period ends in so many.
  void subscribe(core::UserId who, const std::string& id, const std::string& status, int age, int ends_in,
                 const std::string& more = "false, null") {
    owner.query(
        "insert into public.subscriptions (id, user_id, status, tier, created_at, period_end, "
        "cancel_at_period_end, cancel_at) values ('" +
        id + who.str() + "', '" + who.str() + "', '" + status + "', 'pro', now() - interval '" + std::to_string(age) +
        " days', date_trunc('day', now()) + interval '" + std::to_string(ends_in) + " days', " + more + ")");
  }
  Banners banners(core::UserId who) { return run(billing::banners(db(), who)); }
  std::string in_days(int n) {
    return scalar("select to_char((date_trunc('day', now()) + interval '" + std::to_string(n) +
                  " days') at time zone 'UTC', 'YYYY-MM-DD')");
  }
};

std::string day_of(const html::Banner& banner) { return banner.day ? core::rfc3339(*banner.day).substr(0, 10) : ""; }

}  // namespace

TEST_CASE("a plan that runs, one that has ended and no plan at all need no banner") {
  Bank bank;
  const auto ada = bank.sign_up(), eve = bank.sign_up();
  CHECK(bank.banners(ada).empty());
  bank.subscribe(ada, "a", "canceled", 60, -30, "true, null");
  CHECK(bank.banners(ada).empty());
  bank.subscribe(ada, "b", "active", 10, 20);
  CHECK(bank.banners(ada).empty());
  bank.subscribe(eve, "c", "past_due", 1, 29);
  CHECK(bank.banners(ada).empty());
}

TEST_CASE("a plan is active while it brings credits, or would once it is paid or its pause is over") {
  Bank bank;
  const auto ada = bank.sign_up();
  const auto tier_of = [&](const char* status) {
    bank.scalar("update public.profiles set subscription_tier = 'pro', subscription_status = $2 where id = $1",
                {ada.str(), status});
    return bank.run(billing::active_tier(bank.db(), ada));
  };
  CHECK(bank.run(billing::active_tier(bank.db(), ada)).empty());
  for (const char* status : {"trialing", "active", "past_due", "unpaid", "paused"})
    CHECK_MESSAGE(tier_of(status) == "pro", status);
  for (const char* status : {"none", "incomplete", "canceled"}) CHECK_MESSAGE(tier_of(status).empty(), status);
}

TEST_CASE("a paused plan has no banner until it is cancelled") {
  Bank bank;
  const auto ada = bank.sign_up();
  bank.subscribe(ada, "a", "active", 60, 5, "true, null");
  CHECK(bank.banners(ada).size() == 1);
  bank.subscribe(ada, "b", "paused", 10, 20);
  CHECK(bank.banners(ada).empty());
  bank.subscribe(ada, "c", "paused", 5, 25, "true, null");
  const Banners shown = bank.banners(ada);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].text == "billing.banner.ends");
  CHECK(day_of(shown[0]) == bank.in_days(25));
}

TEST_CASE("a failed payment names the day until which the plan runs, and the newest plan decides") {
  Bank bank;
  const auto ada = bank.sign_up();
  bank.subscribe(ada, "a", "active", 60, 5, "true, null");
  bank.subscribe(ada, "b", "past_due", 31, 6);
  const Banners shown = bank.banners(ada);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].kind == "bad");
  CHECK(shown[0].text == "billing.banner.past_due");
  CHECK(day_of(shown[0]) == bank.in_days(6));
  CHECK(shown[0].url == "/app/credits");
}

TEST_CASE("a plan that is unpaid, or whose period is over, promises no day") {
  Bank bank;
  const auto ada = bank.sign_up(), eve = bank.sign_up();
  bank.subscribe(ada, "a", "unpaid", 31, 6);
  bank.subscribe(eve, "b", "past_due", 31, -1);
  for (const auto& who : {ada, eve}) {
    const Banners shown = bank.banners(who);
    REQUIRE(shown.size() == 1);
    CHECK(shown[0].text == "billing.banner.unpaid");
    CHECK_FALSE(shown[0].day);
  }
}

TEST_CASE("a cancelled plan names its last day: the end of the period, or an earlier cancellation date") {
  Bank bank;
  const auto ada = bank.sign_up(), eve = bank.sign_up();
  bank.subscribe(ada, "a", "active", 10, 20, "true, null");
  bank.subscribe(eve, "b", "trialing", 10, 20, "false, date_trunc('day', now()) + interval '3 days'");
  const Banners period = bank.banners(ada), asked = bank.banners(eve);
  REQUIRE(period.size() == 1);
  CHECK(period[0].kind == "warn");
  CHECK(period[0].text == "billing.banner.ends");
  CHECK(day_of(period[0]) == bank.in_days(20));
  REQUIRE(asked.size() == 1);
  CHECK(day_of(asked[0]) == bank.in_days(3));
}
