#include "app/seed.h"

#include "billing/billing.h"
#include "jobs/jobs.h"
#include "pipeline/pipeline.h"
#include "projects/projects.h"

namespace app {

using core::Task;

namespace {

constexpr int kDemoCredits = 20;

struct House {
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

Task<> demo(House house, std::string password) {
  if (co_await identity::find_user(house.identity, kDemoEmail)) co_return;
  const core::UserId user = co_await identity::create_user(house.identity, kDemoEmail, std::move(password));
  co_await house.db.in(pg::as_service("the demo user's first credits"), give_credits, user);
  const jobs::Sample sample = house.product.sample();
  const projects::Project project = co_await projects::create(house.projects, user, sample.title);
  for (const jobs::Sample::File& file : sample.files)
    co_await projects::add_input(house.projects, user, project.id, file.name, file.fields, std::string(file.bytes));
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
  identity::Identity identity(loop, pool, db, clock, settings.identity);
  const jobs::Product product = pipeline::product();
  projects::Projects projects{loop, db, storage, clock, product.inputs};
  jobs::Jobs jobs(projects, listener, product.pipelines);
  loop.run_until(run(House{loop, identity, db, product, projects, jobs}, listener, settings.demo_password));
  return 0;
}

}  // namespace app
