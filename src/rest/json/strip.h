// Drops null members from JSON text, at every depth, as json_strip_nulls does.
#pragma once

#include <string>
#include <string_view>

namespace rest::json {

// Appends valid `json` without null members and white space. Nulls in arrays stay.
void append_stripped(std::string& out, std::string_view json);

}  // namespace rest::json
