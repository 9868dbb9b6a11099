// Compares the types that C++ expects with the server's description. Private to pg/.
#pragma once

#include <string_view>

#include "pg/row.h"

namespace pg::detail {

// True when a column of pg_type `oid` can fill a field of `kind`.
bool column_fits(Kind kind, std::uint32_t oid);
// True when a value of `kind` can be sent where the server expects `oid`.
bool parameter_fits(Kind kind, std::uint32_t oid);
const char* kind_name(Kind kind);

// `described` is the reply to Describe. Throws std::logic_error, naming the statement, when the count or a type of the
// columns or parameters differs. Empty `columns` are not checked.
void expect_types(std::string_view statement, const pg_result* described, Columns columns, const Params& params);
// The same for the columns of a result.
void expect_column_types(std::string_view statement, const pg_result* result, Columns columns);

}  // namespace pg::detail
