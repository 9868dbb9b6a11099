#include "app/seed.h"

#include <fmt/core.h>

#include "billing/billing.h"
#include "core/resources.h"
#include "pipeline/pipeline.h"
#include "projects/projects.h"

namespace app {

using core::Task;

namespace {

constexpr int kDemoCredits = 20;

struct House {
  core::Loop& loop;
  auth::Auth& auth;
  pg::Db& db;
  projects::Projects& projects;
  jobs::Jobs& jobs;
};

Task<> give_credits(pg::Tx& tx, core::UserId user) {
  co_await billing::grant(tx, user, "demo:" + user.str(), kDemoCredits, "Credits to try it out");
}

Task<> demo(House house, std::string password) {
  if (co_await auth::find_user(house.auth, kDemoEmail)) co_return;
  const core::UserId user = co_await auth::create_user(house.auth, kDemoEmail, std::move(password));
  co_await house.db.in(pg::as_service("the demo user's first credits"), give_credits, user);
  const projects::Project project = co_await projects::create(house.projects, user, "Sample: a short slideshow");
  int n = 0;
  for (const core::Resource* file : core::resources_below("src/pipeline/data/sample/")) {
    if (!file->path.ends_with(".jpg") || n == 4) continue;
    const std::string name(file->path.substr(file->path.rfind('/') + 1));
    co_await projects::add_input(house.projects, user, project.id, name, fmt::format("Photograph {}", ++n),
                                 std::string(file->bytes));
  }
  co_await jobs::start(house.jobs, user, project.id);
}

Task<> run(House house, pg::Listener& listener, std::string password) {
  std::exception_ptr failure;
  try {
    co_await demo(house, std::move(password));
  } catch (...) {
    failure = std::current_exception();
  }
  co_await listener.close();
  co_await house.db.close();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

int seed(const Settings& settings) {
  if (settings.production) throw Faults("the demo user is for development only");
  core::Loop loop;
  core::SystemClock clock;
  core::BlockingPool pool(2, 64);
  pg::Db db(loop, settings.db);
  pg::Listener listener(loop, settings.db);
  storage::Storage storage(loop, pool, db, clock, settings.storage);
  http::Client client(loop);
  auth::Auth auth(loop, pool, db, client, clock, settings.auth);
  projects::Projects projects{loop, db, storage, clock};
  const jobs::Pipelines pipelines = pipeline::all();
  jobs::Jobs jobs(loop, db, listener, storage, clock, pipelines);
  loop.run_until(run(House{loop, auth, db, projects, jobs}, listener, settings.demo_password));
  return 0;
}

}  // namespace app
