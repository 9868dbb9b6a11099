// Holds what C++ expects against what the server describes. Private to pg/.
#pragma once

#include <string_view>

#include "pg/row.h"

namespace pg::detail {

// Whether a column of pg_type `oid` may fill a field of `kind`.
bool column_fits(Kind kind, std::uint32_t oid);
// Whether a value of `kind` may be sent where the server expects `oid`.
bool parameter_fits(Kind kind, std::uint32_t oid);
const char* kind_name(Kind kind);

// `described` is the answer to Describe. Throws std::logic_error by the statement's name when the count or a type of
// the columns or parameters differs. Empty `columns` are not checked.
void expect_types(std::string_view statement, const pg_result* described, Columns columns, const Params& params);
// The same for the rows of an answer.
void expect_column_types(std::string_view statement, const pg_result* answer, Columns columns);

}  // namespace pg::detail
