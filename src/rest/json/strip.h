// Null members dropped from JSON text, at every depth, as json_strip_nulls does.
#pragma once

#include <string>
#include <string_view>

namespace rest::json {

// Appends `json` (valid, as the server sent it) without null members and without white space. Nulls in arrays stay.
void append_stripped(std::string& out, std::string_view json);

}  // namespace rest::json
