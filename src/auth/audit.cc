#include "auth/audit.h"

#include "core/ambient.h"
#include "core/json.h"

namespace auth {
namespace {

constexpr pg::Sql kInsert{"auth.audit_insert", R"sql(
  insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
  values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), $1::json, $2, $3)
)sql"};

}  // namespace

Task<> audit(Auth& auth, pg::Tx& tx, std::string_view action, std::optional<core::UserId> actor, const Origin& from) {
  core::JsonWriter payload;
  payload.begin().field("action", action).field("actor_id", actor).field("log_type", "auth");
  payload.field("request_id", core::ambient()->request_id).end();
  const pg::Json json{payload.take()};
  const std::string ip = from.ip.substr(0, 64);
  co_await tx.run(kInsert, json, auth.clock.now(), ip);
}

}  // namespace auth
