// JSON strings as Postgres's escape_json writes them.
#pragma once

#include <string>
#include <string_view>

namespace rest::json {

// `text` in quotes: `"` and `\` and control bytes are escaped, all else (valid UTF-8, as the server sent it) is copied.
void append_quoted(std::string& out, std::string_view text);

}  // namespace rest::json
