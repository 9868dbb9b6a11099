#include "identity/devices.h"

#include "core/crypto.h"
#include "core/log.h"
#include "identity/audit_log.h"
#include "outbox/outbox.h"

namespace identity {
namespace {

constexpr pg::Sql kList{"identity.device_list", R"sql(
  select id, coalesce(user_agent, ''), coalesce(host(ip), ''), coalesce(created_at, '1970-01-01'::timestamptz),
         greatest(refreshed_at at time zone 'utc', created_at, '1970-01-01'::timestamptz), coalesce(aal = 'aal2', false)
  from auth.sessions where user_id = $1 and (not_after is null or not_after > $2)
  order by 5 desc limit 100
)sql"};

constexpr pg::Sql kEnd{"identity.device_end", R"sql(
  delete from auth.sessions where user_id = $1 and id = $2
)sql"};

struct Met {
  bool fresh;
  bool has_others;
};
constexpr pg::Sql kMeet{"identity.device_meet", R"sql(
  with met as (
    insert into tenon.known_devices as d (user_id, device, first_seen, last_seen) values ($1, $2, $3, $3)
    on conflict (user_id, device) do update set last_seen = excluded.last_seen
    returning d.xmax = 0 as fresh)
  select met.fresh, exists (select from tenon.known_devices k where k.user_id = $1 and k.device <> $2) from met
)sql"};

constexpr pg::Sql kForget{"identity.device_forget", R"sql(
  delete from tenon.known_devices where user_id = $1 and device in (
    select device from tenon.known_devices where user_id = $1 order by last_seen desc offset 50)
)sql"};

constexpr pg::Sql kForgetAll{"identity.device_forget_all", R"sql(
  delete from tenon.known_devices where user_id = $1
)sql"};

constexpr pg::Sql kKnows{"identity.device_known", R"sql(
  select exists (select from tenon.known_devices d join auth.users u on u.id = d.user_id
                 where lower(u.email) = $1 and not u.is_sso_user and u.deleted_at is null and d.device = $2)
)sql"};

struct Ending {
  Identity* identity;
  core::UserId user;
  core::SessionId session;
  ClientInfo from;
};

Task<bool> end_in(pg::Tx& tx, Ending& ending) {
  const std::int64_t ended = co_await tx.run(kEnd, ending.user, ending.session);
  if (ended == 1) co_await audit(*ending.identity, tx, "logout", ending.user, ending.from);
  co_return ended == 1;
}

struct Known {
  std::string_view mark;
  std::string_view name;
};
// The first match counts: browsers also carry the marks of those they descend from.
constexpr Known kBrowsers[] = {{"Edg", "Edge"},         {"OPR/", "Opera"},     {"SamsungBrowser", "Samsung Internet"},
                               {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"},  {"CriOS", "Chrome"},
                               {"Chrome/", "Chrome"},   {"Safari/", "Safari"}, {"curl/", "curl"}};
constexpr Known kSystems[] = {{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},  {"Android", "Android"},
                              {"CrOS", "ChromeOS"},   {"Mac OS X", "Mac"},  {"Linux", "Linux"}};

template <std::size_t N>
std::string find(const Known (&list)[N], std::string_view agent) {
  for (const Known& known : list)
    if (agent.contains(known.mark)) return std::string(known.name);
  return {};
}

// Without a cookie, only the browser's name distinguishes devices.
pg::Bytes device_of(const ClientInfo& from) {
  const DeviceName name = parse_user_agent(from.agent);
  return {core::sha256(from.device.empty() ? "agent:" + name.browser + "/" + name.system : "cookie:" + from.device)};
}

}  // namespace

Task<std::vector<Device>> list_devices(Identity& identity, core::UserId user) {
  const core::Time now = identity.clock.now();
  co_return co_await identity.db.as(pg::as_service("schema auth is open to the service alone"))
      .many<Device>(kList, user, now);
}

Task<bool> sign_out_device(Identity& identity, core::UserId user, core::SessionId session, ClientInfo from) {
  const Ending ending{&identity, user, session, std::move(from)};
  co_return co_await identity.db.in(pg::as_service("the user ends one of his sessions"), end_in, ending);
}

DeviceName parse_user_agent(std::string_view agent) { return {find(kBrowsers, agent), find(kSystems, agent)}; }

Task<bool> is_known_device(Identity& identity, std::string email, const ClientInfo& from) {
  if (from.device.empty()) co_return false;
  const pg::Bytes device = device_of(from);
  co_return co_await identity.db.as(pg::as_service("limits are counted before anyone is signed in"))
      .one<bool>(kKnows, email, device);
}

Task<> record_sign_in_device(Identity& identity, pg::Tx& tx, core::UserId user, const ClientInfo& from) {
  const core::Time now = identity.clock.now();
  const DeviceName name = parse_user_agent(from.agent);
  const pg::Bytes device = device_of(from);
  const Met met = co_await tx.one<Met>(kMeet, user, device, now);
  if (!met.fresh) co_return;
  co_await tx.run(kForget, user);
  if (!met.has_others) co_return;
  core::JsonWriter extra;
  extra.begin().field("browser", name.browser).field("system", name.system).field("place", from.ip);
  extra.field("time", core::rfc3339(now)).end();
  const std::string entity = user.str() + ":" + core::Uuid::ordered().str();
  co_await outbox::queue_mail(tx, user, "new_sign_in", entity, extra.take());
}

Task<> forget_devices(pg::Tx& tx, core::UserId user) { co_await tx.run(kForgetAll, user); }

}  // namespace identity
