#include "auth/devices/devices.h"

#include "auth/audit.h"
#include "core/crypto.h"
#include "core/log.h"
#include "html/format.h"
#include "html/html.h"
#include "outbox/outbox.h"

namespace auth {
namespace {

constexpr pg::Sql kList{"auth.device_list", R"sql(
  select id, coalesce(user_agent, ''), coalesce(host(ip), ''), coalesce(created_at, '1970-01-01'::timestamptz),
         greatest(refreshed_at at time zone 'utc', created_at, '1970-01-01'::timestamptz), coalesce(aal = 'aal2', false)
  from auth.sessions where user_id = $1 and (not_after is null or not_after > $2)
  order by 5 desc limit 100
)sql"};

constexpr pg::Sql kEnd{"auth.device_end", R"sql(
  delete from auth.sessions where user_id = $1 and id = $2
)sql"};

struct Met {
  bool fresh;
  bool has_others;
};
constexpr pg::Sql kMeet{"auth.device_meet", R"sql(
  with met as (
    insert into tenon.known_devices as d (user_id, device, first_seen, last_seen) values ($1, $2, $3, $3)
    on conflict (user_id, device) do update set last_seen = excluded.last_seen
    returning d.xmax = 0 as fresh)
  select met.fresh, exists (select from tenon.known_devices k where k.user_id = $1 and k.device <> $2) from met
)sql"};

constexpr pg::Sql kForget{"auth.device_forget", R"sql(
  delete from tenon.known_devices where user_id = $1 and device in (
    select device from tenon.known_devices where user_id = $1 order by last_seen desc offset 50)
)sql"};

constexpr pg::Sql kForgetAll{"auth.device_forget_all", R"sql(
  delete from tenon.known_devices where user_id = $1
)sql"};

constexpr pg::Sql kKnows{"auth.device_known", R"sql(
  select exists (select from tenon.known_devices d join auth.users u on u.id = d.user_id
                 where lower(u.email) = $1 and not u.is_sso_user and u.deleted_at is null and d.device = $2)
)sql"};

// What his mails are written in.
constexpr pg::Sql kLocale{"auth.device_locale", R"sql(
  select coalesce(c.locale, 'en') from tenon.user_contact($1) c
)sql"};

struct Ending {
  Auth* auth;
  core::UserId user;
  core::SessionId session;
  Origin from;
};

Task<bool> end_in(pg::Tx& tx, Ending& ending) {
  const std::int64_t ended = co_await tx.run(kEnd, ending.user, ending.session);
  if (ended == 1) co_await audit(*ending.auth, tx, "logout", ending.user, ending.from);
  co_return ended == 1;
}

struct Known {
  std::string_view mark;
  std::string_view name;
};
// The first that fits counts: a browser carries its ancestors' marks as well.
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

// Without a cookie the program's name is all that tells one device from another.
pg::Bytes device_of(const Origin& from) {
  const DeviceName name = name_of(from.agent);
  return {core::sha256(from.device.empty() ? "agent:" + name.browser + "/" + name.system : "cookie:" + from.device)};
}

}  // namespace

Task<std::vector<Device>> devices_of(Auth& auth, core::UserId user) {
  const core::Time now = auth.clock.now();
  co_return co_await auth.db.as(pg::as_service("schema auth is open to the service alone"))
      .many<Device>(kList, user, now);
}

Task<bool> end_device(Auth& auth, core::UserId user, core::SessionId session, Origin from) {
  const Ending ending{&auth, user, session, std::move(from)};
  co_return co_await auth.db.in(pg::as_service("the user ends one of his sessions"), end_in, ending);
}

DeviceName name_of(std::string_view agent) { return {find(kBrowsers, agent), find(kSystems, agent)}; }

std::string sentence_of(std::string_view locale, const DeviceName& name) {
  if (name.browser.empty() && name.system.empty()) return html::text(locale, "auth.device.unknown");
  if (name.system.empty()) return name.browser;
  if (name.browser.empty()) return name.system;
  return html::text(locale, "auth.device.named", {{"browser", name.browser}, {"system", name.system}});
}

Task<bool> is_known_device(Auth& auth, std::string email, const Origin& from) {
  if (from.device.empty()) co_return false;
  const pg::Bytes device = device_of(from);
  co_return co_await auth.db.as(pg::as_service("limits are counted before anyone is signed in"))
      .one<bool>(kKnows, email, device);
}

Task<> meet_device(Auth& auth, pg::Tx& tx, core::UserId user, const Origin& from) {
  const core::Time now = auth.clock.now();
  const DeviceName name = name_of(from.agent);
  const pg::Bytes device = device_of(from);
  const Met met = co_await tx.one<Met>(kMeet, user, device, now);
  if (!met.fresh) co_return;
  co_await tx.run(kForget, user);
  if (!met.has_others) co_return;
  core::JsonWriter extra;
  const auto locale = co_await tx.maybe<std::string>(kLocale, user);
  extra.begin().field("device", sentence_of(locale.value_or("en"), name)).field("place", from.ip);
  extra.field("time", html::moment(now)).end();
  const std::string entity = user.str() + ":" + core::Uuid::ordered().str();
  co_await outbox::queue_mail(tx, user, "new_sign_in", entity, extra.take());
}

Task<> forget_devices(pg::Tx& tx, core::UserId user) { co_await tx.run(kForgetAll, user); }

}  // namespace auth
