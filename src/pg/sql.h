// What can be told about a statement and its values without the server. Private to pg/.
#pragma once

#include <string_view>

#include "pg/pg.h"

namespace pg::detail {

// Throws std::logic_error for a statement that would open, end or outlive a transaction (begin, commit, set, listen,
// copy, …): units share connections. Throws Error 22021 for a value with a NUL byte, which libpq would cut there.
void refuse_unfit(const Sql& sql, const Params& params);

// Starts with select or with, and no word of it writes or locks. Functions it calls may still write.
bool looks_read_only(std::string_view sql);

}  // namespace pg::detail
