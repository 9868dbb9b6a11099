#include "app/seed.h"

#include "billing/billing.h"
#include "jobs/jobs.h"
#include "pipeline/pipeline.h"
#include "projects/projects.h"

namespace app {

using core::Task;

namespace {

constexpr int kDemoCredits = 20;

struct Modules {
  core::Loop& loop;
  identity::Identity& identity;
  pg::Db& db;
  const jobs::Product& product;
  projects::Projects& projects;
  jobs::Jobs& jobs;
};

Task<> give_credits(pg::Tx& tx, core::UserId user) {
  co_await billing::grant(tx, user, "demo:" + user.str(), kDemoCredits, "Credits to try it out");
}

Task<> demo(Modules modules, std::string password) {
  if (co_await identity::find_user(modules.identity, kDemoEmail)) co_return;
  const core::UserId user = co_await identity::create_user(modules.identity, kDemoEmail, std::move(password));
  co_await modules.db.in(pg::as_service("the demo user's first credits"), give_credits, user);
  const jobs::Sample sample = modules.product.sample();
  const projects::Project project = co_await projects::create(modules.projects, user, sample.title);
  for (const jobs::Sample::File& file : sample.files)
    co_await projects::add_input(modules.projects, user, project.id, file.name, file.fields, std::string(file.bytes));
  co_await jobs::start(modules.jobs, user, project.id);
}

Task<> run(Modules modules, pg::Listener& listener, std::string password) {
  std::exception_ptr failure;
  try {
    co_await demo(modules, std::move(password));
  } catch (...) {
    failure = std::current_exception();
  }
  co_await listener.close();
  co_await modules.db.close();
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
  identity::Identity identity(loop, pool, db, clock, settings.identity);
  const jobs::Product product = pipeline::product();
  projects::Projects projects{loop, db, storage, clock, product.inputs};
  jobs::Jobs jobs(projects, listener, product.pipelines);
  loop.run_until(run(Modules{loop, identity, db, product, projects, jobs}, listener, settings.demo_password));
  return 0;
}

}  // namespace app
