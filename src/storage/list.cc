#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/text.h"
#include "storage/endpoints.h"
#include "storage/storage_context.h"

namespace storage {

namespace {

constexpr std::int64_t kMaxRows = 1000;

struct Entry {  // in select order; a folder has no id
  std::string name;
  std::optional<core::Uuid> id;
  std::optional<core::Time> updated_at;
  std::optional<core::Time> created_at;
  std::optional<core::Time> last_accessed_at;
  std::optional<pg::Json> metadata;
};

// $2 is the folder with its slash (or empty), $3 a prefix of the child's name, both lower case and literal. The range
// on lower(name) uses the index; chr(1114111) sorts after every character of a key.
constexpr pg::Sql kList{"storage.objects_list", R"sql(
  with below as (
    select substr(name, char_length($2) + 1) as rest, id, updated_at, created_at, last_accessed_at, metadata
      from storage.objects
     where bucket_id = $1
       and lower(name) collate "C" >= ($2 || $3) collate "C"
       and lower(name) collate "C" < ($2 || $3 || chr(1114111)) collate "C"
  ), children as (
    select rest as name, id, updated_at, created_at, last_accessed_at, metadata from below
     where position('/' in rest) = 0
    union all
    select distinct split_part(rest, '/', 1), null::uuid, null::timestamptz, null::timestamptz, null::timestamptz,
           null::jsonb
      from below where position('/' in rest) > 0
  )
  select name, id, updated_at, created_at, last_accessed_at, metadata from children
   order by
     case when $4 = 'name' and $5 = 'asc' then name end collate "C" asc,
     case when $4 = 'name' and $5 = 'desc' then name end collate "C" desc,
     case when $5 = 'asc' then case $4 when 'updated_at' then updated_at when 'created_at' then created_at
       when 'last_accessed_at' then last_accessed_at end end asc nulls first,
     case when $5 = 'desc' then case $4 when 'updated_at' then updated_at when 'created_at' then created_at
       when 'last_accessed_at' then last_accessed_at end end desc nulls last,
     name collate "C", id nulls first
   limit $6 offset $7
)sql"};

std::string one_of(const core::Json& value, std::string_view name, std::string fallback,
                   std::initializer_list<std::string_view> allowed) {
  if (!value.has(name) || value[name].is_null()) return fallback;
  std::string got = value[name].string_or("");
  if (std::ranges::find(allowed, got) == allowed.end())
    throw invalid_request("body/sortBy/" + std::string(name) + " must be equal to one of the allowed values");
  return got;
}

std::int64_t integer_of(const core::Json& body, std::string_view name, std::int64_t fallback, std::int64_t lowest) {
  if (!body.has(name) || body[name].is_null()) return fallback;
  const auto number = body[name].integer();
  if (!number || *number < lowest) throw invalid_request("body/" + std::string(name) + " must be a number");
  return *number;
}

void write(core::JsonWriter& w, const Entry& entry) {
  const auto time = [&w](std::string_view name, const std::optional<core::Time>& at) {
    w.key(name);
    if (at) w.value(core::rfc3339(*at));
    else w.null();
  };
  w.begin().field("name", entry.name).field("id", entry.id);
  time("updated_at", entry.updated_at);
  time("created_at", entry.created_at);
  time("last_accessed_at", entry.last_accessed_at);
  w.key("metadata").raw(entry.metadata ? entry.metadata->text : "null").end();
}

}  // namespace

Task<http::Response> list(Storage& storage, http::Request& rq) {
  require_token(rq);
  const std::string bucket = bucket_in(rq);
  const core::Json body = json_object_in(rq);
  std::string folder = core::lower(body["prefix"].string_or(""));
  while (folder.starts_with('/')) folder.erase(0, 1);
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  const std::string search = core::lower(body["search"].string_or(""));
  const core::Json sort = body["sortBy"];
  const std::string column = one_of(sort, "column", "name", {"name", "updated_at", "created_at", "last_accessed_at"});
  const std::string order = one_of(sort, "order", "asc", {"asc", "desc"});
  const std::int64_t limit = std::min(integer_of(body, "limit", 100, 1), kMaxRows);
  const std::int64_t offset = integer_of(body, "offset", 0, 0);
  if (folder.find('\0') != std::string::npos || search.find('\0') != std::string::npos)
    throw invalid_request("body/prefix contains a NUL");
  const auto rows = co_await storage.context()
                        .db.as(caller_of(rq))
                        .many<Entry>(kList, bucket, folder, search, column, order, limit, offset);
  core::JsonWriter w;
  w.begin_array();
  for (const Entry& entry : rows) write(w, entry);
  w.end_array();
  co_return http::json(w.take());
}

}  // namespace storage
