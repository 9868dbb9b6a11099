#include "identity/audit_log.h"

#include "core/crypto.h"
#include "core/json.h"
#include "core/task_context.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

constexpr Rate kOfNetwork{20, 20.0 / 3600};
constexpr Rate kOfInstance{600, 600.0 / 3600};

constexpr pg::Sql kInsert{"identity.audit_insert", R"sql(
  insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
  values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), $1::json, $2, $3)
)sql"};

constexpr pg::Sql kInsertBounded{"identity.audit_insert_bounded", R"sql(
  with network as materialized (select tenon.take_token($4, $5, $6) as wait),
       room as materialized (
         select case when wait > 0 then wait else tenon.take_token('auth:audit:instance', $7, $8) end as wait
           from network)
  insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
  select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), $1::json, $2, $3 from room where wait <= 0
)sql"};

constexpr pg::Sql kList{"identity.audit_list", R"sql(
  select id::text, coalesce(payload, '{}')::jsonb, coalesce(created_at, '1970-01-01'), ip_address
  from auth.audit_log_entries order by created_at desc, id desc limit $1 offset $2
)sql"};

pg::Json payload_of(std::string_view action, std::optional<core::UserId> actor, std::string_view code) {
  core::JsonWriter payload;
  payload.begin().field("action", action).field("actor_id", actor).field("log_type", "auth");
  if (!code.empty()) payload.key("traits").begin().field("code", code).end();
  payload.field("request_id", core::task_context()->request_id).end();
  return {payload.take()};
}

}  // namespace

Task<> audit(Identity& identity, pg::Tx& tx, std::string_view action, std::optional<core::UserId> actor,
             const ClientInfo& from) {
  const std::string ip = from.ip.substr(0, 64);
  co_await tx.run(kInsert, payload_of(action, actor, ""), identity.clock.now(), ip);
}

Task<> audit_refusal(Identity& identity, std::string_view action, std::string_view code,
                     std::optional<core::UserId> actor, const ClientInfo& from) {
  const pg::Json payload = payload_of(action, actor, code);
  const std::string ip = from.ip.substr(0, 64);
  const core::Time now = identity.clock.now();
  const auto as = pg::as_service("a refusal leaves a row");
  if (identity.config.limits == Config::Limits::off) {
    co_await identity.db.as(as).run(kInsert, payload, now, ip);
    co_return;
  }
  const std::string network = core::hex(core::sha256(client_network(from.ip))).substr(0, 32);
  const std::string bucket = "auth:audit:" + std::string(action) + ":" + network;
  co_await identity.db.as(as).run(kInsertBounded, payload, now, ip, bucket, kOfNetwork.burst, kOfNetwork.per_second,
                                  kOfInstance.burst, kOfInstance.per_second);
}

Task<std::vector<AuditEntry>> audit_entries(Identity& identity, std::int64_t limit, std::int64_t offset) {
  co_return co_await identity.db.as(pg::as_service("the caller holds the service key"))
      .many<AuditEntry>(kList, limit, offset);
}

}  // namespace identity
