// The database goes away under a running job, and a worker is told to stop.
#include "integration/jobs/support/house.h"
#include "jobs/queue.h"

using support::House;
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

bool runs(House& house, core::JobId job, const std::string& step) {
  return house.scalar("select count(*) from public.job_steps where job_id = $1 and name = $2 and state = 'running'",
                      {job.str(), step}) == "1";
}

std::string words_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("Postgres restarted while a video renders, at once or in good order: the job finishes, nothing is doubled" *
          doctest::test_suite("slow")) {
  House house;
  Server server;
  for (const char* mode : {"immediate", "fast"}) {
    CAPTURE(mode);
    Process worker(house, std::string("worker-") + mode, {{"TENON_WORK_DIR", house.config.work_dir}});
    const auto ada = house.person(20);
    const auto job = house.start(ada, house.project(ada, photographs(4)), "");
    house.until("the video renders", [&] { return runs(house, job, "render"); });
    server.tell(std::string("-m ") + mode + " restart");
    house.reconnect_owner();
    house.until("it is finished", [&] { return house.finished(job); }, std::chrono::seconds(150));
    house.check_ready_once(job, 2, 3);
    CHECK(house.fate(job).attempt == 1);
    CHECK(house.balance(ada) == 18);
    CHECK(house.books_are_right());
    CHECK(worker.end(SIGTERM, std::chrono::seconds(15)) == 0);
  }
  house.run(storage::sweep_all(house.storage(), std::chrono::seconds(0)));
  house.check_nothing_left(house.config.work_dir);
}

TEST_CASE("a database that stays away longer than a lease, twice, costs a job neither an attempt nor its life" *
          doctest::test_suite("slow")) {
  House house;
  Server server;
  Process worker(house, "patient", {{"STEP_TIMEOUT_SECONDS", "120"}});
  Process other(house, "other");
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "slow");
  for (int outage = 0; outage < 2; ++outage) {
    house.until("it runs", [&] { return runs(house, job, outage == 0 ? "first" : "slow"); });
    server.tell("-m fast stop");
    ::usleep(3500000);  // longer than the lease of 2 s: time is the subject
    server.start();
    house.reconnect_owner();
  }
  house.until("it is finished", [&] { return house.finished(job); });
  house.check_ready_once(job, 1, 1);
  CHECK(house.fate(job).attempt == 1);
  CHECK(house.scalar("select crashes from public.jobs where id = $1", {job.str()}) == "0");
}

TEST_CASE("drain() without a database waits for its patience, then says what is wrong") {
  House house;
  core::Loop loop;
  pg::Config away = House::pg_config();
  away.url = core::Secret("postgresql://authenticator:x@127.0.0.1:1/tenon");
  away.direct_url = away.url;
  pg::Db db(loop, away);
  pg::Listener listener(loop, away);
  house.config.drain_patience = std::chrono::milliseconds(1500);
  jobs::Worker worker(loop, db, listener, house.storage(), house.disk, house.all, house.config);
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
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "quick");
  std::ofstream(house.dir + "/a-file") << "in the way";
  house.config.work_dir = house.dir + "/a-file";
  CHECK_THROWS(house.drain());
  CHECK(house.status(job) == "QUEUED");
  CHECK(house.fate(job).attempt == 0);
  house.config.work_dir = house.dir + "/work";
  CHECK(house.drain() == 1);
  house.check_ready_once(job, 2, 1);
}

TEST_CASE("`tenon worker --once` without a database ends by itself, not by a signal, and says why") {
  const char* binary = std::getenv("TENON_BINARY");
  REQUIRE_MESSAGE((binary && std::filesystem::exists(binary)), "build the target `tenon` too");
  House house;
  const std::string log = house.dir + "/once.log";
  Process once(house, "once", {{"DATABASE_URL", "postgresql://authenticator:x@127.0.0.1:1/tenon"}},
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
  House house;
  const std::string log = house.dir + "/worker.log";
  // A lease so long that only a job handed back can go on at once.
  const Process::Variables variables{{"TENON_LEASE_SECONDS", "600"}, {"TENON_WORK_DIR", house.config.work_dir}};
  Process worker(house, "told", variables, {binary, "worker"}, log);
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, photographs(12)), "");
  house.until("the video renders", [&] { return runs(house, job, "render"); });
  const auto before = std::chrono::steady_clock::now();
  const int status = worker.end(SIGTERM, std::chrono::seconds(15));
  CAPTURE(words_of(log));
  CHECK(status == 0);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(15));
  CHECK(house.status(job) == "QUEUED");
  CHECK(house.fate(job).attempt == 0);
  CHECK(house.scalar("select count(*) from tenon.leases where worker = 'told'") == "0");
  const std::string probed =
      house.scalar("select finished_at from public.job_steps where job_id = $1 and name = 'probe'", {job.str()});
  CHECK(house.drain() == 1);
  house.check_ready_once(job, 4, 3);
  CHECK(house.scalar("select finished_at from public.job_steps where job_id = $1 and name = 'probe'", {job.str()}) ==
        probed);
}

TEST_CASE("SIGTERM to `tenon worker` whose database is frozen: gone within 15 s all the same") {
  const char* binary = std::getenv("TENON_BINARY");
  REQUIRE_MESSAGE((binary && std::filesystem::exists(binary)), "build the target `tenon` too");
  House house;
  const std::string log = house.dir + "/worker.log";
  Process worker(house, "frozen", {{"TENON_WORK_DIR", house.config.work_dir}}, {binary, "worker"}, log);
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, photographs(12)), "");
  house.until("the video renders", [&] { return runs(house, job, "render"); });
  const auto rows = house.owner.query(
      "select pid from pg_stat_activity where backend_type = 'client backend' and usename = 'authenticator'");
  for (const auto& row : rows.rows) ::kill(std::stoi(*row[0]), SIGSTOP);
  const int status = worker.end(SIGTERM, std::chrono::seconds(16));
  for (const auto& row : rows.rows) ::kill(std::stoi(*row[0]), SIGCONT);
  CAPTURE(words_of(log));
  CHECK(status == 0);
  house.until("its lease has run out", [&] {
    return house.scalar("select count(*) from tenon.leases where worker = 'frozen' and expires_at > now()") == "0";
  });
  house.drain();
  house.check_ready_once(job, 4, 3);
}
