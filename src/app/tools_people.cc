// `tenon user …` and `tenon jobs`.
#include <fmt/core.h>

#include <iostream>

#include "app/tools.h"
#include "core/loop.h"
#include "pg/session.h"

namespace app {

using core::Task;

namespace {

Task<core::UserId> create(identity::Identity& identity, pg::Db& db, std::string email, std::string password) {
  std::exception_ptr failure;
  core::UserId user;
  try {
    user = co_await identity::create_user(identity, std::move(email), std::move(password));
  } catch (...) {
    failure = std::current_exception();
  }
  co_await db.close();
  if (failure) std::rethrow_exception(failure);
  co_return user;
}

}  // namespace

int user_create(const Settings& settings, const CliOptions& tools) {
  std::string password;
  std::getline(std::cin, password);
  core::Loop loop;
  core::SystemClock clock;
  core::BlockingPool pool(1, 4);
  pg::Db db(loop, settings.db);
  identity::Identity identity(loop, pool, db, clock, settings.identity);
  fmt::print("{}\n", loop.run_until(create(identity, db, tools.email, password)).str());
  return 0;
}

int user_admin(const Settings& settings, const CliOptions& tools) {
  pg::Session session(settings.db.direct_url);
  const auto made = session.query(
      "insert into tenon.admins (user_id) select id from auth.users where lower(email) = lower($1) "
      "on conflict (user_id) do nothing returning user_id",
      {tools.email});
  fmt::print("{}\n", made.rows.empty() ? "no such user, or an admin already" : "is an admin now");
  return made.rows.empty() ? 1 : 0;
}

int jobs(const Settings& settings) {
  pg::Session session(settings.db.direct_url);
  session.script("set role service_role");
  fmt::print("{:<12}{:<12}{:>8}  {}\n", "lane", "state", "jobs", "oldest");
  for (const auto& row : session
                             .query("select l.name, j.status::text, count(*)::text, min(j.created_at)::text "
                                    "from public.jobs j join tenon.lanes l on l.id = j.lane "
                                    "where j.status in ('QUEUED', 'PROCESSING') group by 1, 2 order by 1, 2")
                             .rows)
    fmt::print("{:<12}{:<12}{:>8}  {}\n", row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
               row[3].value_or(""));
  return 0;
}

}  // namespace app
