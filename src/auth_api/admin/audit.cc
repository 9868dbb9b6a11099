#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "core/text.h"
#include "identity/audit_log.h"

namespace auth_api {
namespace {

std::int64_t number(const Request& rq, std::string_view name, std::int64_t fallback, std::int64_t most) {
  const auto value = core::parse_int(rq.query(name).value_or(""));
  return value && *value >= 1 ? std::min(*value, most) : fallback;
}

}  // namespace

// GET /auth/v1/admin/audit?page=&per_page=: newest first.
Task<Response> admin_audit(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const std::int64_t per_page = number(rq, "per_page", 50, 1000);
  const std::int64_t offset = (number(rq, "page", 1, 100'000) - 1) * per_page;
  const std::vector<identity::AuditEntry> entries = co_await identity::audit_entries(api.identity, per_page, offset);
  core::JsonWriter out;
  out.begin_array();
  for (const identity::AuditEntry& entry : entries) {
    out.begin().field("id", entry.id).key("payload").raw(entry.payload.text);
    out.field("created_at", core::rfc3339(entry.at)).field("ip_address", entry.ip).end();
  }
  out.end_array();
  co_return http::json(out.take());
}

}  // namespace auth_api
