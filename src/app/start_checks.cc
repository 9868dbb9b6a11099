#include "app/start_checks.h"

#include "app/seed.h"
#include "core/log.h"
#include "pg/session.h"

namespace app {

StartChecks check_database(const Settings& settings) {
  StartChecks out;
  pg::Session session(settings.db.url);
  const auto login = session.query(
      "select rolsuper, rolbypassrls, exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = "
      "'public'::regnamespace and c.relkind = 'r') from pg_roles r where rolname = current_user");
  const auto is = [&](std::size_t column) { return login.rows.at(0).at(column) == "t"; };
  if (is(0)) out.faults.push_back("DATABASE_URL logs in as a superuser, whom row-level security does not hold.");
  if (is(1)) out.warnings.push_back("the login of DATABASE_URL passes by row-level security; use `authenticator`.");
  if (is(2)) out.warnings.push_back("the login of DATABASE_URL owns the tables; use `authenticator` at run time.");
  try {
    session.script("set role service_role");
    if (!session.query("select 1 from auth.users where email = $1", {kDemoEmail}).rows.empty())
      out.faults.push_back(std::string("the demo user ") + kDemoEmail + " is in this database; delete it first.");
  } catch (const pg::Error& error) {
    // A hosted project lets nobody read auth.users, and no seed ever ran there.
    if (error.sqlstate != "42501") throw;
  }
  return out;
}

void refuse_unfit_database(const Settings& settings) {
  if (!settings.production) return;
  const StartChecks checks = check_database(settings);
  for (const std::string& warning : checks.warnings) core::log::warn("app.database.unfit", {{"why", warning}});
  if (checks.faults.empty()) return;
  std::string all = "the database is not fit for production:";
  for (const std::string& fault : checks.faults) all += "\n  " + fault;
  throw Faults(all);
}

}  // namespace app
