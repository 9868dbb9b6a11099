#include "app/web.h"

#include <signal.h>

#include <algorithm>
#include <thread>

#include "access/guard.h"
#include "access/identity_credentials.h"
#include "account/account.h"
#include "app/banners.h"
#include "app/dashboard.h"
#include "app/display_preferences_cookie.h"
#include "app/problems.h"
#include "app/signals.h"
#include "app/statements.h"
#include "app/worker.h"
#include "auth_api/auth_api.h"
#include "billing/billing.h"
#include "core/log.h"
#include "html/html.h"
#include "http/static_files.h"
#include "ops/health.h"
#include "ops/schema_check.h"
#include "pipeline/pipeline.h"
#include "projects/projects.h"
#include "rest/rest.h"
#include "site/site.h"

namespace app {

using namespace std::chrono_literals;

namespace {

// Threads for blocking work, shared by all loops of the process.
struct Pools {
  core::BlockingPool hashing{2, 256};
  core::BlockingPool disk{2, 1024};
};

// The database connections of one loop, in lanes: what fills one leaves the others free (docs/spec/security.md 1.11).
// The worker's statements may wait longer for a lock than those that somebody waits for.
pg::Config lane(pg::Config config) {
  config.short_lock_waits = true;
  return config;
}
pg::Config sign_in_lane(pg::Config config) {
  config.spare_pipelines = std::min(config.spare_pipelines, 1);  // its statements are quick
  return lane(std::move(config));
}
pg::Config readiness_lane(pg::Config config) {
  config.shared_pipelines = 1;
  config.spare_pipelines = 0;
  return config;
}

// One loop and every module on it, built left to right. This page is the product.
class WebLoop {
 public:
  WebLoop(const Settings& settings, Pools& pools, const ops::SchemaCheck& schema_check, sim::Sim* sim)
      : schema_check_(schema_check),
        ready_db_(loop_, readiness_lane(settings.db)),
        sign_in_db_(loop_, sign_in_lane(settings.db)),
        db_(loop_, lane(settings.db)),
        rest_db_(loop_, lane(settings.db)),
        listener_(loop_, settings.db),
        client_(loop_),
        identity_(loop_, pools.hashing, sign_in_db_, clock_, settings.identity),
        oauth_(identity_, client_, settings.oauth),
        credentials_(identity_),
        guard_(loop_, clock_, credentials_, settings.access, banners(db_)),
        looks_(guard_, db_),
        auth_api_{identity_, oauth_, guard_.config(), settings.auth_api},
        storage_(loop_, pools.disk, db_, clock_, settings.storage),
        mail_(loop_, client_, db_, settings.mail),
        rest_(loop_, rest_db_, listener_, settings.rest),
        billing_{db_, clock_},
        account_{identity_, oauth_, guard_.config()},
        product_(pipeline::product()),
        projects_{loop_, db_, storage_, clock_, product_.inputs},
        jobs_(projects_, listener_, product_.pipelines),
        server_(loop_, settings.server, mount_all(settings, sim), looks_) {
    server_.translate_errors(database_problem);
  }

  void listen(const Settings& settings) {
    server_.listen(settings.port);
    if (settings.api_port != 0) server_.listen(settings.api_port);
  }
  void run() { loop_.run(); }
  // Thread-safe: stops accepting, finishes requests in progress, closes, and ends run().
  void stop() {
    loop_.post([this] { group_.spawn("web.drain", drain()); });
  }
  // Thread-safe.
  void reload_schema() {
    loop_.post([this] { rest_.reload(); });
  }
  const http::Router& router() const { return router_; }

 private:
  const http::Router& mount_all(const Settings& settings, sim::Sim* sim) {
    declare_groups(router_);
    ops::mount(router_, {{"database", [this] { return ready_db_.ping(); }},
                         {"storage", [this] { return storage_.ping(); }},
                         {"statements", [this] { return statements_fit(); }}});
    http::mount_static(router_, settings.html.source_dir);
    auth_api::mount(router_, auth_api_);
    storage::mount(router_, storage_);
    mail::mount(router_, mail_);
    rest::mount(router_, rest_);
    billing::mount(router_, billing_);
    account::mount(router_, account_);
    projects::mount(router_, projects_);
    jobs::mount(router_, jobs_);
    site::mount(router_, plans(db_), showcase(product_));
    site::mount(router_, dashboard(db_));
    if (sim != nullptr && !settings.production) sim::mount(router_, *sim);
    return router_;
  }

  core::Task<bool> statements_fit() { co_return schema_check_.passed(); }

  core::Task<> drain() {
    co_await server_.drain(14s);  // and a second to close what is left: 15 s in all
    co_await rest_.close();
    co_await listener_.close();
    for (pg::Db* db : {&rest_db_, &db_, &sign_in_db_, &ready_db_}) co_await db->close();
    loop_.stop();
  }

  const ops::SchemaCheck& schema_check_;
  core::Loop loop_;
  core::TaskGroup group_{loop_};
  core::SystemClock clock_;
  pg::Db ready_db_;    // /readyz alone
  pg::Db sign_in_db_;  // identity: sign-in, sessions
  pg::Db db_;          // the product's pages and /api
  pg::Db rest_db_;     // /rest/v1
  pg::Listener listener_;
  http::Client client_;
  identity::Identity identity_;
  oauth::OAuth oauth_;
  access_control::IdentityCredentials credentials_;
  access_control::Guard guard_;
  DisplayPreferencesCookie looks_;
  auth_api::AuthApi auth_api_;
  storage::Storage storage_;
  mail::Mail mail_;
  rest::Rest rest_;
  billing::Billing billing_;
  account::Account account_;
  jobs::Product product_;
  projects::Projects projects_;
  jobs::Jobs jobs_;
  http::Router router_;
  http::Server server_;
};

}  // namespace

int web(const Settings& settings, bool with_worker) {
  Signals signals;
  html::configure(settings.html);
  Pools pools;
  std::unique_ptr<sim::Sim> sim;
  if (!settings.production) sim = std::make_unique<sim::Sim>(settings.sim);
  ops::SchemaCheck schema_check(settings.db.url, statements());
  std::vector<std::unique_ptr<WebLoop>> loops;
  for (int i = 0; i < settings.loops; ++i) {
    loops.push_back(std::make_unique<WebLoop>(settings, pools, schema_check, sim.get()));
    loops.back()->listen(settings);
  }
  std::vector<std::thread> threads;
  for (const auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  schema_check.start();
  std::unique_ptr<WorkerThread> worker;
  if (with_worker) worker = std::make_unique<WorkerThread>(settings);
  core::log::info("app.web.started", {{"port", settings.port}, {"loops", settings.loops}});
  signals.wait([&] {
    for (const auto& loop : loops) loop->reload_schema();
  });
  core::log::info("app.web.draining");
  for (const auto& loop : loops) loop->stop();
  worker.reset();
  for (std::thread& thread : threads) thread.join();
  core::log::info("app.web.stopped");
  return 0;
}

std::vector<http::Router::Route> route_table(const Settings& settings) {
  Pools pools;
  sim::Sim sim(settings.sim);
  const ops::SchemaCheck schema_check(settings.db.url, {});
  const WebLoop loop(settings, pools, schema_check, settings.production ? nullptr : &sim);
  return loop.router().routes();
}

}  // namespace app
