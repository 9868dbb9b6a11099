// `tenon db …`: works on the private Postgres of a data folder, or on the one that DATABASE_URL names.
#include <fmt/core.h>
#include <signal.h>

#include <fstream>

#include "app/dev_folder.h"
#include "app/tools.h"
#include "ops/migrate.h"
#include "ops/postgres.h"

namespace app {

namespace {

// The database a command works on: DATABASE_DIRECT_URL or DATABASE_URL when set, else the folder's private one.
class Target {
 public:
  explicit Target(const CliOptions& tools) : env_(core::Env::from_process()) {
    if (const auto url = env_.maybe("DATABASE_DIRECT_URL")) owner_ = core::Secret(*url);
    else if (const auto runtime = env_.maybe("DATABASE_URL")) owner_ = core::Secret(*runtime);
    if (!owner_.empty()) return;
    folder_.emplace(tools.dir);
    postgres_.emplace(folder_->path(), folder_->database_passwords());
    postgres_->start();
    owner_ = postgres_->owner_url();
    super_ = postgres_->super_url();
  }
  const core::Secret& owner() const { return owner_; }
  void migrate() const {
    for (const std::string& version : ops::migrate(owner_, super_)) fmt::print("applied {}\n", version);
    if (postgres_) postgres_->set_runtime_password();
  }
  bool production() const { return env_.production(); }
  std::optional<ops::Postgres>& postgres() { return postgres_; }

 private:
  core::Env env_;
  std::optional<DevFolder> folder_;
  std::optional<ops::Postgres> postgres_;
  core::Secret owner_;
  core::Secret super_;
};

const char* name_of(ops::FileState state) {
  switch (state) {
    case ops::FileState::applied: return "applied";
    case ops::FileState::changed: return "changed";
    case ops::FileState::missing: return "missing";
  }
  return "";
}

}  // namespace

int db_start(const CliOptions& tools) {
  DevFolder folder(tools.dir);
  ops::Postgres postgres(folder.path(), folder.database_passwords(), ops::Postgres::Life::detached);
  postgres.start();
  ops::migrate(postgres.owner_url(), postgres.super_url());
  postgres.set_runtime_password();
  fmt::print("DATABASE_URL={}\n", postgres.owner_tcp_url().reveal());
  return 0;
}

int db_stop(const CliOptions& tools) {
  DevFolder folder(tools.dir);
  ops::Postgres(folder.path(), folder.database_passwords()).end_previous_server();
  fmt::print("Postgres of {} is stopped\n", folder.path());
  return 0;
}

int db_remove(const CliOptions& tools) {
  DevFolder folder(tools.dir);
  ops::Postgres(folder.path(), folder.database_passwords()).end_previous_server();
  ops::remove_cluster(folder.path());
  return 0;
}

int db_reset(const CliOptions& tools) {
  Target target(tools);
  if (target.production()) {
    fmt::print(stderr, "tenon: `db reset` deletes everything and is refused when TENON_ENV=production\n");
    return 1;
  }
  ops::drop_everything(target.owner());
  target.migrate();
  ops::apply_seed(target.owner());
  fmt::print("applied db/seed.sql\n");
  return 0;
}

int db_migrate(const CliOptions& tools) {
  const Target target(tools);
  target.migrate();
  fmt::print("the database has this binary's schema\n");
  return 0;
}

int db_status(const CliOptions& tools) {
  const Target target(tools);
  bool current = true;
  for (const ops::SchemaFile& file : ops::schema_status(target.owner())) {
    fmt::print("{}  {}\n", name_of(file.state), file.version);
    current = current && file.state == ops::FileState::applied;
  }
  return current ? 0 : 1;
}

}  // namespace app
