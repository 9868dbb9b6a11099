// What a function or a trigger says of its answer: set_config('response.headers', '[{"X-A":"b"}]', true) and
// set_config('response.status', '418', true).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/response.h"
#include "pg/pg.h"

namespace rest {

// Whether SQL may say this header. What frames the answer, guards the site's pages or signs somebody in is the server's
// alone, and no value holds a control byte, so that nothing that SQL was given ends one answer and begins another.
bool may_say(std::string_view name, std::string_view value);
// Whether all that SQL says fits into a head that proxies take.
bool fits_a_head(const std::vector<std::pair<std::string, std::string>>& headers);
// Its headers stand in place of the answer's own of the same name. Throws Fault PGRST111 (headers), PGRST112 (status);
// the change was kept by then, as with PostgREST.
void heed(const pg::ResponseOverrides& said, http::Response& response);

}  // namespace rest
