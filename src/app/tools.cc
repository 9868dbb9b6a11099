#include "app/tools.h"

#include <fmt/core.h>

#include <fstream>
#include <iostream>

#include "app/start_checks.h"
#include "app/statements.h"
#include "app/web.h"
#include "core/loop.h"
#include "ops/schema_check.h"
#include "pg/session.h"

namespace app {

int routes(const Settings& settings, const CliOptions& tools) {
  const std::vector<http::Router::Route> table = route_table(settings);
  if (tools.markdown)
    fmt::print(
        "# Every URL and who may call it\n\nWritten by `tenon routes --markdown`; `script/check` holds it against the "
        "code.\n\n"
        "| method | URL | who | body, bytes |\n|---|---|---|---|\n");
  for (const http::Router::Route& route : table) {
    if (tools.markdown)
      fmt::print("| {} | `{}` | {} | {} |\n", http::name_of(route.method), route.pattern, http::name_of(route.access),
                 route.limits.body);
    else fmt::print("{:<8}{:<52}{}\n", http::name_of(route.method), route.pattern, http::name_of(route.access));
  }
  return 0;
}

int env(const Settings& settings) {
  for (const auto& [name, fallback] : settings.asked) fmt::print("{}={}\n", name, fallback);
  return 0;
}

int check() {
  core::Env env = core::Env::from_process();
  const Settings settings = Settings::read(env);
  StartChecks checks;
  std::vector<std::string> faults = env.faults();
  try {
    if (!settings.db.url.empty()) {
      checks = check_database(settings);
      for (const ops::StatementFault& fault : ops::check_statements(settings.db.url, statements()))
        checks.faults.push_back(
            fmt::format("the statement {} does not fit the database: {}", fault.name, fault.reason));
    }
  } catch (const std::exception& error) {
    checks.faults.push_back(error.what());
  }
  faults.insert(faults.end(), checks.faults.begin(), checks.faults.end());
  for (const std::string& warning : checks.warnings) fmt::print("warning: {}\n", warning);
  for (const std::string& fault : faults) fmt::print("fault: {}\n", fault);
  if (faults.empty()) fmt::print("ready to start\n");
  return faults.empty() ? 0 : 1;
}

int status(const CliOptions& tools) {
  if (tools.output != "env") {
    fmt::print(stderr, "tenon: the one output is env\n");
    return 2;
  }
  std::ifstream in(tools.dir + "/dev.env");
  if (!in) {
    fmt::print(stderr, "tenon: no `tenon dev` ran in {}\n", tools.dir);
    return 1;
  }
  std::cout << in.rdbuf();
  return 0;
}

}  // namespace app
