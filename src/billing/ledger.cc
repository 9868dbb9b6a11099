#include "billing/billing.h"

namespace billing {

using core::Task;

namespace {
constexpr pg::Sql kBalance{"billing.balance", R"sql(
  select balance from public.credit_balance where user_id = $1
)sql"};

constexpr pg::Sql kReleased{"billing.released_credits", R"sql(
  select coalesce(sum(amount), 0)::bigint from public.credit_ledger
  where job_id = $1 and user_id = $2 and type = 'release'
)sql"};

constexpr pg::Sql kGrant{"billing.grant", R"sql(
  select tenon.grant_credits($1, $2, $3, $4)
)sql"};

constexpr pg::Sql kLedger{"billing.ledger_page", R"sql(
  select seq, type::text, amount, balance_after, coalesce(note, ''), job_id, created_at,
         coalesce(business_key like 'welcome:%', false)
    from public.credit_ledger
   where user_id = $1 and ($2 = 0 or seq < $2) order by seq desc limit $3
)sql"};

constexpr pg::Sql kBoughtSince{"billing.bought_since", R"sql(
  select coalesce(sum(amount), 0)::bigint from public.credit_ledger
   where user_id = $1 and type = 'purchase' and created_at >= $2 and business_key not like 'welcome:%'
)sql"};
}  // namespace

Task<std::vector<Entry>> ledger(pg::Db& db, core::UserId user, std::int64_t before, std::int64_t limit) {
  co_return co_await db.as(user).many<Entry>(kLedger, user, before, limit);
}

Task<std::int64_t> bought_since(pg::Db& db, core::UserId user, core::Time since) {
  co_return co_await db.as(user).one<std::int64_t>(kBoughtSince, user, since);
}

Task<std::int64_t> balance(pg::Db& db, core::UserId user) {
  const auto found = co_await db.as(user).maybe<std::int64_t>(kBalance, user);
  co_return found.value_or(0);
}

Task<std::int64_t> released_credits(pg::Db& db, core::UserId user, core::JobId job) {
  co_return co_await db.as(user).one<std::int64_t>(kReleased, job, user);
}

Task<> grant(pg::Tx& tx, core::UserId user, std::string_view key, std::int32_t credits, std::string_view note) {
  co_await tx.one<std::string>(kGrant, user, std::string(key), credits, std::string(note));
}

}  // namespace billing
