// `tenon VERB`: reads the command line, and hands on.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "app/dev.h"
#include "app/seed.h"
#include "app/settings.h"
#include "app/start_checks.h"
#include "app/tools.h"
#include "app/web.h"
#include "app/worker.h"
#include "core/log.h"
#include "core/process.h"
#include "jobs/jobs.h"
#include "ops/migrate.h"
#include "pipeline/pipeline.h"

namespace {

constexpr int kConfigFault = 78;  // EX_CONFIG of sysexits.h

// For a process that serves.
app::Settings settings_for_start() {
  core::Env env = core::Env::from_process();
  return app::settings_for_start(env);
}

app::Settings settings() {
  core::Env env = core::Env::from_process();
  return app::Settings::from(env);
}

// For verbs that describe the program itself: no environment, nothing is connected.
app::Settings bare_settings() {
  core::Env env({{"DATABASE_URL", "postgresql:///tenon"}});
  return app::Settings::from(env);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = core::confined_exec(argc, argv)) return *status;
  CLI::App cli{"Tenon: a SaaS in one binary and Postgres."};
  cli.require_subcommand(1);
  std::function<int()> chosen;
  const auto verb = [&](CLI::App& under, const char* name, const char* help, std::function<int()> run) {
    CLI::App* command = under.add_subcommand(name, help);
    command->callback([&chosen, run = std::move(run)] { chosen = run; });
    return command;
  };

  app::DevOptions dev;
  bool no_worker = false;
  bool no_seed = false;
  CLI::App* dev_command = verb(cli, "dev", "everything on this machine: Postgres, web, worker, simulators", [&] {
    dev.worker = !no_worker;
    dev.seed = !no_seed;
    return app::dev(dev);
  });
  dev_command->add_option("--data", dev.dir, "the data folder")->capture_default_str();
  dev_command->add_option("--port", dev.port, "the port of pages and API; 0: a free one")->capture_default_str();
  dev_command->add_option("--api-port", dev.api_port, "a second port of the API; 0: none")->capture_default_str();
  dev_command->add_flag("--no-worker", no_worker, "claim no pipeline job; mail still goes out");
  dev_command->add_flag("--no-seed", no_seed, "no demo user");
  dev_command->add_flag("--once", dev.once, "do the main job once in a fresh folder, headless, and end");

  verb(cli, "web", "pages, API and the wires", [] { return app::web(settings_for_start(), false); });
  verb(cli, "serve", "web and worker in one process", [] { return app::web(settings_for_start(), true); });
  app::WorkerOptions worker;
  CLI::App* worker_command =
      verb(cli, "worker", "jobs and deliveries", [&] { return app::worker(settings_for_start(), worker); });
  worker_command->add_flag("--once", worker.once, "until nothing is ready, then end");
  worker_command->add_flag("--outbox", worker.outbox, "deliveries only");

  app::CliOptions tools;
  CLI::App* db = cli.add_subcommand("db", "the database");
  db->require_subcommand(1);
  for (const auto& [name, help, run] :
       std::initializer_list<std::tuple<const char*, const char*, int (*)(const app::CliOptions&)>>{
           {"start", "start the private Postgres of the data folder and leave it running", app::db_start},
           {"stop", "stop it", app::db_stop},
           {"reset", "delete everything in it, migrate, and run db/seed.sql; refused in production", app::db_reset},
           {"migrate", "bring DATABASE_DIRECT_URL (or DATABASE_URL, or the private one) to this binary's schema",
            app::db_migrate},
           {"status", "which migrations and functions it has", app::db_status},
           {"remove", "stop it and delete the cluster", app::db_remove}}) {
    CLI::App* command = verb(*db, name, help, [&tools, run = run] { return run(tools); });
    command->add_option("--data", tools.dir, "the data folder")->capture_default_str();
  }

  CLI::App* keys = cli.add_subcommand("keys", "the API keys of JWT_SECRET, and those of the database");
  keys->callback([&chosen, keys] {
    if (keys->get_subcommands().empty()) chosen = [] { return app::keys(settings()); };
  });
  verb(*keys, "rotate", "sign tokens with the next ES256 key", [] { return app::keys_rotate(settings()); });
  verb(*keys, "list", "signing keys and opaque API keys", [] { return app::keys_list(settings()); });
  CLI::App* key_create = verb(*keys, "create", "make an opaque API key; it is shown once",
                              [&] { return app::keys_create(settings(), tools); });
  key_create->add_option("kind", tools.key_kind, "publishable or secret")->required();
  key_create->add_option("name", tools.key_name, "what it is for")->required();
  CLI::App* key_revoke =
      verb(*keys, "revoke", "end an opaque API key", [&] { return app::keys_revoke(settings(), tools); });
  key_revoke->add_option("key", tools.key_id, "its id, or the beginning that `list` shows")->required();
  CLI::App* routes =
      verb(cli, "routes", "every URL and who may call it", [&] { return app::routes(bare_settings(), tools); });
  routes->add_flag("--markdown", tools.markdown, "as docs/routes.md");
  verb(cli, "env", "every variable with what stands in for it", [] { return app::env(bare_settings()); });
  verb(cli, "check", "configuration and database, before a start", [] { return app::check(); });
  verb(cli, "jobs", "the queue, by lane and state", [] { return app::jobs(settings()); });
  CLI::App* user = cli.add_subcommand("user", "people");
  user->require_subcommand(1);
  CLI::App* create = verb(*user, "create", "make a confirmed user; the password is read from standard input",
                          [&] { return app::user_create(settings(), tools); });
  create->add_option("email", tools.email)->required();
  CLI::App* admin = verb(*user, "admin", "make a user an admin", [&] { return app::user_admin(settings(), tools); });
  admin->add_option("email", tools.email)->required();
  CLI::App* status = verb(cli, "status", "where a running `tenon dev` is", [&] { return app::status(tools); });
  status->add_option("--data", tools.dir, "the data folder")->capture_default_str();
  status->add_option("-o,--output", tools.output, "env")->capture_default_str();

  verb(cli, "seed", "the demo user, credits and project (development)", [] {
    return app::seed(settings());
  })->group("");
  std::string pipeline;
  std::string step;
  CLI::App* step_command = verb(cli, "step", "run one step; the worker starts it",
                                [&] { return jobs::step_main(pipeline::product().pipelines, pipeline, step); });
  step_command->group("");
  step_command->add_option("pipeline", pipeline)->required();
  step_command->add_option("n", step)->required();

  CLI11_PARSE(cli, argc, argv);
  try {
    return chosen();
  } catch (const app::Faults& faults) {
    std::fprintf(stderr, "tenon: %s\n", faults.what());
    return kConfigFault;
  } catch (const ops::RefusedHistory& refused) {
    std::fprintf(stderr, "tenon: %s\n", refused.what());
    return kConfigFault;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tenon: %s\n", error.what());
    return 1;
  }
}
