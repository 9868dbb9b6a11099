#include "auth/admin/admin.h"
#include "auth/wire/endpoints.h"
#include "core/text.h"

namespace auth {
namespace {

struct Entry {
  std::string id;
  pg::Json payload;
  core::Time at;
  std::string ip;
};
constexpr pg::Sql kList{"auth.audit_list", R"sql(
  select id::text, coalesce(payload, '{}')::jsonb, coalesce(created_at, '1970-01-01'), ip_address
  from auth.audit_log_entries order by created_at desc, id desc limit $1 offset $2
)sql"};

std::int64_t number(const Request& rq, std::string_view name, std::int64_t fallback, std::int64_t most) {
  const auto value = core::parse_int(rq.query(name).value_or(""));
  return value && *value >= 1 ? std::min(*value, most) : fallback;
}

}  // namespace

// GET /auth/v1/admin/audit?page=&per_page=: newest first.
Task<Response> admin_audit(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const std::int64_t per_page = number(rq, "per_page", 50, 1000);
  const std::int64_t offset = (number(rq, "page", 1, 100'000) - 1) * per_page;
  const std::vector<Entry> entries =
      co_await auth.db.as(pg::as_service(admin::kWhy)).many<Entry>(kList, per_page, offset);
  core::JsonWriter out;
  out.begin_array();
  for (const Entry& entry : entries) {
    out.begin().field("id", entry.id).key("payload").raw(entry.payload.text);
    out.field("created_at", core::rfc3339(entry.at)).field("ip_address", entry.ip).end();
  }
  out.end_array();
  co_return http::json(out.take());
}

}  // namespace auth
