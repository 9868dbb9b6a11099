// The database goes away under a running job, and a worker gets SIGTERM.
#include "integration/jobs/support/jobs_app.h"
#include "jobs/queue.h"

using support::JobsApp;
using support::Process;

namespace {

// The tests' own Postgres, by its data folder: TENON_TEST_LOG lies beside it.
struct Server {
  std::string folder = std::filesystem::path(std::getenv("TENON_TEST_LOG")).parent_path().string();
  std::string data = folder + "/data";
  void tell(const std::string& words) const {
    // It runs as another account when the tests run as root.
    const std::string command =
        "owner=$(stat -c %u '" + data +
        "'); as=; if [ \"$(id -u)\" = 0 ]; then as=\"setpriv --reuid=$owner --regid=$(stat -c %g '" + data +
        "') --clear-groups env HOME='" + folder + "'\"; fi; cd '" + folder + "' && $as " +
        std::getenv("TENON_TEST_PGBIN") + "/pg_ctl -D '" + data + "' -l '" + folder + "/log' -w -t 30 " + words +
        " >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
  }
  void start() const { tell("-o '-p " + std::string(std::getenv("TENON_TEST_PORT")) + "' start"); }
};

std::vector<std::string> photographs(int n) {
  std::vector<std::string> many;
  for (int i = 0; i < n; ++i) many.push_back(i % 2 ? "march-pastoral" : "black-canyon");
  return many;
}

bool runs(JobsApp& app, core::JobId job, const std::string& step) {
  return app.scalar("select count(*) from public.job_steps where job_id = $1 and name = $2 and state = 'running'",
                    {job.str(), step}) == "1";
}

std::string words_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("Postgres restarted while a video renders, at once or in good order: the job finishes, nothing is doubled" *
          doctest::test_suite("slow")) {
  JobsApp app;
  Server server;
  for (const char* mode : {"immediate", "fast"}) {
    CAPTURE(mode);
    Process worker(app, std::string("worker-") + mode, {{"TENON_WORK_DIR", app.config.work_dir}});
    const auto ada = app.person(20);
    const auto job = app.start(ada, app.project(ada, photographs(4)), "");
    app.until("the video renders", [&] { return runs(app, job, "render"); });
    server.tell(std::string("-m ") + mode + " restart");
    app.reconnect_owner();
    app.until("it is finished", [&] { return app.finished(job); }, std::chrono::seconds(150));
    app.check_ready_once(job, 2, 3);
    CHECK(app.fate(job).attempt == 1);
    CHECK(app.balance(ada) == 18);
    CHECK(app.books_are_right());
    CHECK(worker.end(SIGTERM, std::chrono::seconds(15)) == 0);
  }
  app.run(storage::sweep_all(app.storage(), std::chrono::seconds(0)));
  app.check_nothing_left(app.config.work_dir);
}

TEST_CASE("a database that stays away longer than a lease, twice, costs a job neither an attempt nor its life" *
          doctest::test_suite("slow")) {
  JobsApp app;
  Server server;
  Process worker(app, "patient", {{"STEP_TIMEOUT_SECONDS", "120"}});
  Process other(app, "other");
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "slow");
  for (int outage = 0; outage < 2; ++outage) {
    app.until("it runs", [&] { return runs(app, job, outage == 0 ? "first" : "slow"); });
    server.tell("-m fast stop");
    ::usleep(3500000);  // longer than the lease of 2 s: time is the subject
    server.start();
    app.reconnect_owner();
  }
  app.until("it is finished", [&] { return app.finished(job); });
  app.check_ready_once(job, 1, 1);
  CHECK(app.fate(job).attempt == 1);
  CHECK(app.scalar("select crashes from public.jobs where id = $1", {job.str()}) == "0");
}

TEST_CASE("drain() without a database waits for its patience, then says what is wrong") {
  JobsApp app;
  core::Loop loop;
  pg::Config away = JobsApp::pg_config();
  away.url = core::Secret("postgresql://authenticator:x@127.0.0.1:1/tenon");
  away.direct_url = away.url;
  pg::Db db(loop, away);
  pg::Listener listener(loop, away);
  app.config.drain_patience = std::chrono::milliseconds(1500);
  jobs::Worker worker(loop, db, listener, app.storage(), app.disk, app.all, app.config);
  const auto before = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(loop.run_until(worker.drain()), pg::Unavailable);
  const auto took = std::chrono::steady_clock::now() - before;
  CHECK(took >= std::chrono::milliseconds(1500));
  CHECK(took < std::chrono::seconds(9));
  const auto close = [&]() -> core::Task<> {
    co_await listener.close();
    co_await db.close();
  };
  loop.run_until(close());
}

TEST_CASE("drain() without a folder to work in claims nothing and says which folder") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "quick");
  std::ofstream(app.dir + "/a-file") << "in the way";
  app.config.work_dir = app.dir + "/a-file";
  CHECK_THROWS(app.drain());
  CHECK(app.status(job) == "QUEUED");
  CHECK(app.fate(job).attempt == 0);
  app.config.work_dir = app.dir + "/work";
  CHECK(app.drain() == 1);
  app.check_ready_once(job, 2, 1);
}

TEST_CASE("`tenon worker --once` without a database ends by itself, not by a signal, and says why") {
  const char* binary = std::getenv("TENON_BINARY");
  REQUIRE_MESSAGE((binary && std::filesystem::exists(binary)), "build the target `tenon` too");
  JobsApp app;
  const std::string log = app.dir + "/once.log";
  Process once(app, "once", {{"DATABASE_URL", "postgresql://authenticator:x@127.0.0.1:1/tenon"}},
               {binary, "worker", "--once"}, log);
  const int status = once.end(0, std::chrono::seconds(40));
  CAPTURE(words_of(log));
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(words_of(log).find("tenon: ") != std::string::npos);
  CHECK(words_of(log).find("database") != std::string::npos);
}

TEST_CASE("SIGTERM to `tenon worker` in the midst of a step: it exits 0 and another goes on at once") {
  const char* binary = std::getenv("TENON_BINARY");
  REQUIRE_MESSAGE((binary && std::filesystem::exists(binary)), "build the target `tenon` too");
  JobsApp app;
  const std::string log = app.dir + "/worker.log";
  // A lease so long that only a job handed back can go on at once.
  const Process::Variables variables{{"TENON_LEASE_SECONDS", "600"}, {"TENON_WORK_DIR", app.config.work_dir}};
  Process worker(app, "told", variables, {binary, "worker"}, log);
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, photographs(12)), "");
  app.until("the video renders", [&] { return runs(app, job, "render"); });
  const auto before = std::chrono::steady_clock::now();
  const int status = worker.end(SIGTERM, std::chrono::seconds(15));
  CAPTURE(words_of(log));
  CHECK(status == 0);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(15));
  CHECK(app.status(job) == "QUEUED");
  CHECK(app.fate(job).attempt == 0);
  CHECK(app.scalar("select count(*) from tenon.leases where worker = 'told'") == "0");
  const std::string probed =
      app.scalar("select finished_at from public.job_steps where job_id = $1 and name = 'probe'", {job.str()});
  CHECK(app.drain() == 1);
  app.check_ready_once(job, 4, 3);
  CHECK(app.scalar("select finished_at from public.job_steps where job_id = $1 and name = 'probe'", {job.str()}) ==
        probed);
}

TEST_CASE("SIGTERM to `tenon worker` whose database is frozen: gone within 15 s all the same") {
  const char* binary = std::getenv("TENON_BINARY");
  REQUIRE_MESSAGE((binary && std::filesystem::exists(binary)), "build the target `tenon` too");
  JobsApp app;
  const std::string log = app.dir + "/worker.log";
  Process worker(app, "frozen", {{"TENON_WORK_DIR", app.config.work_dir}}, {binary, "worker"}, log);
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, photographs(12)), "");
  app.until("the video renders", [&] { return runs(app, job, "render"); });
  const auto rows = app.owner.query(
      "select pid from pg_stat_activity where backend_type = 'client backend' and usename = 'authenticator'");
  for (const auto& row : rows.rows) ::kill(std::stoi(*row[0]), SIGSTOP);
  const int status = worker.end(SIGTERM, std::chrono::seconds(16));
  for (const auto& row : rows.rows) ::kill(std::stoi(*row[0]), SIGCONT);
  CAPTURE(words_of(log));
  CHECK(status == 0);
  app.until("its lease has run out", [&] {
    return app.scalar("select count(*) from tenon.leases where worker = 'frozen' and expires_at > now()") == "0";
  });
  app.drain();
  app.check_ready_once(job, 4, 3);
}
