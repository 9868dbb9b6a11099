#include "app/start_checks.h"

#include <fmt/core.h>

#include <algorithm>

#include "app/seed.h"
#include "core/log.h"
#include "ops/migrate.h"
#include "pg/session.h"
#include "sim/loopback.h"

namespace app {

namespace {

void check_login(pg::Session& session, StartChecks& out) {
  const auto login = session.query(
      "select rolsuper, rolbypassrls, exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = "
      "'public'::regnamespace and c.relkind = 'r') from pg_roles r where rolname = current_user");
  const auto is = [&](std::size_t column) { return login.rows.at(0).at(column) == "t"; };
  if (is(0)) out.faults.push_back("DATABASE_URL logs in as a superuser, who bypasses row-level security.");
  if (is(1)) out.warnings.push_back("the login of DATABASE_URL bypasses row-level security; use `authenticator`.");
  if (is(2)) out.warnings.push_back("the login of DATABASE_URL owns the tables; use `authenticator` at run time.");
}

void check_demo_user(pg::Session& session, StartChecks& out) {
  try {
    if (!session.query("select 1 from auth.users where email = $1", {kDemoEmail}).rows.empty())
      out.faults.push_back(std::string("the demo user ") + kDemoEmail + " is in this database; delete it first.");
  } catch (const pg::Error& error) {
    // On a hosted project service_role cannot read auth.users, and the demo user was never created there.
    if (error.sqlstate != "42501") throw;
  }
}

void check_history(pg::Session& session, StartChecks& out) {
  try {
    const std::vector<ops::SchemaFile> files = ops::schema_status(session);
    const auto pending =
        std::ranges::count_if(files, [](const ops::SchemaFile& file) { return file.state != ops::FileState::applied; });
    // Where psql applied the files, none is recorded.
    if (pending > 0 && pending < std::ssize(files))
      out.warnings.push_back(
          fmt::format("{} files of db/ are not applied to this database; run `tenon db migrate`.", pending));
  } catch (const ops::RefusedHistory& refused) {
    // An old release may still serve while a newer one is rolled out.
    (refused.why == ops::RefusedHistory::Why::too_old ? out.faults : out.warnings).push_back(refused.what());
  }
}

// The heading with each line below it; empty when there are none.
std::string section(const std::string& heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string out = heading;
  for (const std::string& line : lines) out += "\n  " + line;
  return out;
}

}  // namespace

StartChecks check_database(const Settings& settings) {
  StartChecks out;
  pg::Session session(settings.db.url);
  check_login(session, out);
  session.script("set role service_role");
  check_demo_user(session, out);
  check_history(session, out);
  return out;
}

Settings settings_for_start(core::Env& env) {
  Settings settings = Settings::read(env);
  // Development has simulators and sample secrets, so nobody gets it by leaving a variable out.
  if (!env.maybe("TENON_ENV") && !sim::is_loopback_address(settings.server.bind))
    env.fault(
        "TENON_ENV is not set and TENON_BIND is not a loopback address; set TENON_ENV=production (or development).");
  std::string all = section("the configuration is not complete:", env.faults());
  const auto add = [&all](const std::string& part) { all += all.empty() || part.empty() ? part : "\n" + part; };
  if (settings.production && !settings.db.url.empty()) {
    try {
      const StartChecks checks = check_database(settings);
      for (const std::string& warning : checks.warnings) core::log::warn("app.database.unfit", {{"why", warning}});
      add(section("the database is not fit for production:", checks.faults));
    } catch (const pg::Unavailable& unavailable) {
      if (all.empty()) throw;
      add(section("the database could not be examined:", {unavailable.what()}));
    }
  }
  if (!all.empty()) throw Faults(all);
  return settings;
}

}  // namespace app
