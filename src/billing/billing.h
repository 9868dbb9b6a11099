// Credits: what a person has, and the account of it. Owns public.credit_accounts and public.credit_ledger; the rows
// move only in SQL (reserve, settle, grant: db/README.md). What is sold: catalogue.h.
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

// Stripe's pages, which forms of ours lead to; the Content-Security-Policy names them.
inline constexpr std::string_view kFormTargets = "https://checkout.stripe.com https://billing.stripe.com";

// The module. One for each loop, as the Db it speaks through.
struct Billing {
  pg::Db& db;
  core::Clock& clock;
};

// One row of the ledger with the balance that it left.
struct Entry {  // in select order
  std::int64_t seq = 0;
  std::string type;  // purchase, reserve, release, spend, refund, admin_adjust
  std::int32_t amount = 0;
  std::int64_t balance_after = 0;
  std::string note;
  std::optional<core::JobId> job;
  core::Time at;
  bool welcome = false;  // the gift at sign-up: its note is ours, and is said in the reader's language
};
// Newest first, at most n, older than `before` when that is not 0.
core::Task<std::vector<Entry>> ledger(pg::Db& db, core::UserId user, std::int64_t before, std::int64_t n);
// The credits of every purchase from `since` on, however many rows followed it. The gift at sign-up is none.
core::Task<std::int64_t> bought_since(pg::Db& db, core::UserId user, core::Time since);

// The plan that lives: it brings credits, or would with the next payment or once its pause is over. A key of the
// catalogue's tiers; empty when there is none.
core::Task<std::string> living_tier(pg::Db& db, core::UserId user);

// What every page of the app says of the subscription: its payment failed, or it ends with its period. Asked with each
// page, so it is one row by the index of its owner.
core::Task<std::vector<html::Banner>> banners(pg::Db& db, core::UserId user);

// Credits of the account as its owner sees them; 0 when nothing ever moved. Negative only after a refund of spent ones.
core::Task<std::int64_t> balance(pg::Db& db, core::UserId user);

// What came back to the account when this job was settled: the part of its reservation that it did not cost.
core::Task<std::int64_t> released(pg::Db& db, core::UserId user, core::JobId job);

// Adds purchased or given credits once for `key`; "again" is no error. Runs in the caller's service transaction.
core::Task<> grant(pg::Tx& tx, core::UserId user, std::string_view key, std::int32_t credits, std::string_view note);

// /app/credits and /app/credits.csv.
void mount(http::Router& router, Billing& billing);

}  // namespace billing
