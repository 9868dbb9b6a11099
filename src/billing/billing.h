// Credits: what a person has. Owns public.credit_accounts and public.credit_ledger; the rows move only in SQL
// (reserve, settle, grant: db/README.md).
#pragma once

#include <cstdint>

#include "core/ids.h"
#include "core/task.h"
#include "pg/pg.h"

namespace billing {

// Credits of the account as its owner sees them; 0 when nothing ever moved. Negative only after a refund of spent ones.
core::Task<std::int64_t> balance(pg::Db& db, core::UserId user);

// What came back to the account when this job was settled: the part of its reservation that it did not cost.
core::Task<std::int64_t> released(pg::Db& db, core::UserId user, core::JobId job);

// Adds purchased or given credits once for `key`; "again" is no error. Runs in the caller's service transaction.
core::Task<> grant(pg::Tx& tx, core::UserId user, std::string_view key, std::int32_t credits, std::string_view note);

}  // namespace billing
