// Checks of a statement and its values before they are sent. Private to pg/.
#pragma once

#include <string_view>

#include "pg/transaction.h"

namespace pg::detail {

// Throws std::logic_error for a statement that begins, ends or outlives a transaction (begin, commit, set, listen,
// copy, …), since connections are shared. Throws Error 22021 for a value with a NUL byte, where libpq would truncate
// it.
void reject_unsafe(const Sql& sql, const Params& params);

// True when it starts with `select` or `with` and no word of it writes or locks. Functions it calls may still write.
bool looks_read_only(std::string_view sql);

}  // namespace pg::detail
