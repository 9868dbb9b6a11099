// Credits: balances, the ledger, and the subscription behind them. Owns public.credit_accounts and
// public.credit_ledger, which only SQL functions write (reserve, settle, grant: db/README.md). What is for sale:
// catalogue.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/task.h"
#include "html/banner.h"
#include "http/router.h"
#include "pg/pg.h"

namespace billing {

// Stripe's pages, which our forms lead to. The Content-Security-Policy names them.
inline constexpr std::string_view kFormTargets = "https://checkout.stripe.com https://billing.stripe.com";

// One for each loop, like the Db it uses.
struct Billing {
  pg::Db& db;
  core::Clock& clock;
};

// One row of the ledger, with the balance after it.
struct Entry {  // in select order
  std::int64_t seq = 0;
  std::string type;  // purchase, reserve, release, spend, refund, admin_adjust
  std::int32_t amount = 0;
  std::int64_t balance_after = 0;
  std::string note;
  std::optional<core::JobId> job;
  core::Time at;
  bool welcome = false;  // the credits given at sign-up; the page translates their note
};
// Newest first, at most `limit`, older than `before` unless that is 0.
core::Task<std::vector<Entry>> ledger(pg::Db& db, core::UserId user, std::int64_t before, std::int64_t limit);
// The sum of all purchases since then. Welcome credits do not count.
core::Task<std::int64_t> bought_since(pg::Db& db, core::UserId user, core::Time since);

// The tier of the active subscription, a key of the catalogue; empty without one. Past due, unpaid and paused
// subscriptions count as active: they bring credits again with the next payment.
core::Task<std::string> active_tier(pg::Db& db, core::UserId user);

// Account-level warnings: a failed payment, or a cancelled subscription that still runs. Loaded with every page, so it
// reads one row by index.
core::Task<std::vector<html::Banner>> banners(pg::Db& db, core::UserId user);

// 0 for an account without ledger rows. Negative only after a refund of credits that were already spent.
core::Task<std::int64_t> balance(pg::Db& db, core::UserId user);

// The part of a settled job's reservation that was returned.
core::Task<std::int64_t> released_credits(pg::Db& db, core::UserId user, core::JobId job);

// Adds bought or granted credits, once for each `key`; a repeated call changes nothing. Runs in the caller's service
// transaction.
core::Task<> grant(pg::Tx& tx, core::UserId user, std::string_view key, std::int32_t credits, std::string_view note);

// /app/credits and /app/credits.csv.
void mount(http::Router& router, Billing& billing);

}  // namespace billing
