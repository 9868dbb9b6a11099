// The headers and the status that a function or a trigger sets for its response:
// set_config('response.headers', '[{"X-A":"b"}]', true) and set_config('response.status', '418', true).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/response.h"
#include "pg/as.h"

namespace rest {

// False for headers that only the server sets: message framing, security headers, cookies, instructions to a proxy; and
// for values with control bytes, so that no value can split the response.
bool is_overridable_header(std::string_view name, std::string_view value);
// True when the headers fit into what proxies accept.
bool within_header_limits(const std::vector<std::pair<std::string, std::string>>& headers);
// Replaces the response's headers of the same names. Throws Error PGRST111 (headers), PGRST112 (status), after the
// change was committed, as PostgREST does.
void apply_overrides(const pg::ResponseOverrides& overrides, http::Response& response);

}  // namespace rest
