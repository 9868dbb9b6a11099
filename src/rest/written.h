// What insert, put, update and delete share. Private to rest/.
#pragma once

#include "rest/call.h"

namespace rest {

// How the change is to be shown and guarded, from the preferences and the media type.
plan::Showing showing_of(const Call& call);
// Refuses limit and offset, which a change does not know: all rows that the filters name are changed.
void refuse_page(const Query& query);
// The body's object or array; throws Fault PGRST102.
Payload payload_of(const Call& call);
// The columns that the payload fills: ?columns, or its keys. Throws Fault PGRST102 (keys differ), PGRST204 (unknown).
std::vector<std::string> columns_of(const Query& query, const Table& table, const Payload& payload);
// How many of the payload's objects name each of these columns, which are sorted as columns_of() gives them.
std::vector<std::size_t> named_by(const Payload& payload, const std::vector<std::string>& columns);
// `status` with rows, `bare_status` without.
struct Statuses {
  int rows = 200;
  int bare = 204;
};
http::Response written(const Call& call, const Table& table, const Plan& plan, pg::Rows rows, Statuses statuses,
                       const Applied& heeded);

}  // namespace rest
