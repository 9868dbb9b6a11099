#include "app/tools.h"

#include <fmt/core.h>

#include <fstream>
#include <iostream>

#include "app/start_checks.h"
#include "app/web.h"
#include "core/loop.h"
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
  try {
    const StartChecks checks = check_database(Settings::from(env));
    for (const std::string& warning : checks.warnings) fmt::print("warning: {}\n", warning);
    for (const std::string& fault : checks.faults) fmt::print("fault: {}\n", fault);
    if (!checks.faults.empty()) return 1;
  } catch (const std::exception& error) {
    fmt::print("fault: {}\n", error.what());
    return 1;
  }
  fmt::print("nothing stands against a start\n");
  return 0;
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
