// kill -9 of whole workers. TENON_KILL_POINTS is how often each step is hit (CI: 3), TENON_KILL_SEED repeats a run.
#include <cstdlib>
#include <random>

#include "integration/jobs/support/jobs_app.h"
#include "integration/jobs/support/proxy.h"
#include "jobs/queue.h"

using support::JobsApp;
using support::Process;
using support::Proxy;

namespace {

using std::chrono::milliseconds;

int number_from(const char* variable, int otherwise) {
  const char* value = std::getenv(variable);
  return value ? std::atoi(value) : otherwise;
}

const int kPoints = number_from("TENON_KILL_POINTS", 3);

std::mt19937& dice() {
  static const unsigned seed =
      static_cast<unsigned>(number_from("TENON_KILL_SEED", static_cast<int>(std::random_device{}() & 0x7fffffff)));
  static std::mt19937 made(seed);
  static const bool told = [] {
    std::printf("killed_test: TENON_KILL_SEED=%u TENON_KILL_POINTS=%d\n", seed, kPoints);
    return true;
  }();
  (void)told;
  return made;
}

struct Target {
  core::JobId job;
  std::unique_ptr<Process> victim;
  std::string worker;
  int step = 0;
  double after_ms = 0;
  bool killed = false;
};

Process::Variables one_slot(const JobsApp& app) {
  return {{"WORKER_SLOTS", "1"},
          {"TENON_WORK_DIR", app.config.work_dir},
          {"POLL_INTERVAL_MS", "20"},
          {"TENON_LEASE_SECONDS", "3"}};
}

// Where a worker's job stands: the step that runs, and since when.
struct Standing {
  int step = -1;
  double ms = 0;
  bool finished = false;
};
std::map<std::string, Standing> standings(JobsApp& app) {
  std::map<std::string, Standing> all;
  const auto rows = app.owner.query(
      "select j.claimed_by, j.status in ('READY', 'FAILED'), coalesce(s.n, -1), "
      "coalesce(extract(epoch from clock_timestamp() - s.started_at) * 1000, 0) from public.jobs j left join lateral "
      "(select n, started_at from public.job_steps where job_id = j.id order by n desc limit 1) s on true "
      "where j.claimed_by like 'victim-%' and j.created_at >= $1::timestamptz",
      {app.born});
  for (const auto& row : rows.rows) all[*row[0]] = {std::stoi(*row[2]), std::stod(*row[3]), *row[1] == "t"};
  return all;
}

void wait_for_leases_to_end(JobsApp& app) {
  app.until("the victims' leases have run out", [&] {
    return app.scalar("select count(*) from tenon.leases where worker like 'victim-%' and expires_at > now()") == "0";
  });
}

// Kills each victim at its point; returns how many were hit while their job ran.
int kill_all(JobsApp& app, std::vector<Target>& targets, std::map<int, int>& hits) {
  std::size_t left = targets.size();
  int hit = 0;
  const auto look = [&] {
    const auto now = standings(app);
    for (Target& target : targets) {
      const auto at = now.find(target.worker);
      if (target.killed || at == now.end()) continue;
      const bool due =
          at->second.step > target.step || (at->second.step == target.step && at->second.ms >= target.after_ms);
      if (!due && !at->second.finished) continue;
      target.victim->end(SIGKILL);
      target.killed = true;
      --left;
      if (!at->second.finished) {
        ++hit;
        ++hits[at->second.step];
      }
    }
    return left == 0;
  };
  REQUIRE(support::wait_until(look, std::chrono::seconds(300)));  // a busy machine is no fault
  return hit;
}

}  // namespace

TEST_CASE("a worker killed -9 at random points inside each step loses nothing: another finishes, once" *
          doctest::test_suite("slow")) {
  JobsApp app;
  app.config.slots = 2;
  const auto rehearsal = app.person(20);
  const auto first = app.start(rehearsal, app.project(rehearsal, {"black-canyon"}), "");
  REQUIRE(app.drain() == 1);
  std::vector<double> length;
  for (const auto& row :
       app.owner
           .query("select extract(epoch from finished_at - started_at) * 1000 from public.job_steps where job_id = $1 "
                  "order by n",
                  {first.str()})
           .rows)
    length.push_back(std::stod(*row[0]));
  REQUIRE(length.size() == 4);

  // A step that ends before its point moves the hit to the next one: rounds are added until each has had its share, and
  // each aims nearer to the step's beginning.
  constexpr std::size_t kTogether = 4;
  std::vector<int> plan;
  std::map<int, int> hits;
  double reach = 4;
  const auto plan_more = [&] {
    const std::size_t before = plan.size();
    reach /= 2;
    if (before >= 3 * 4 * static_cast<std::size_t>(kPoints)) return false;
    for (int step = 0; step < 4; ++step)
      for (int i = hits[step]; i < kPoints; ++i) plan.push_back(step);
    std::shuffle(plan.begin() + static_cast<std::ptrdiff_t>(before), plan.end(), dice());
    return plan.size() > before;
  };
  plan_more();
  int hit = 0;
  std::int64_t attempts = 0;
  for (std::size_t from = 0; from < plan.size() || plan_more(); from = std::min(from + kTogether, plan.size())) {
    const auto ada = app.person(20);
    std::vector<Target> targets;
    for (std::size_t i = from; i < std::min(plan.size(), from + kTogether); ++i) {
      Target target;
      target.worker = "victim-" + std::to_string(i);
      target.step = plan[i];
      // Several share two cores, so each step takes longer than alone.
      target.after_ms =
          std::uniform_real_distribution<double>(0, reach * length[static_cast<std::size_t>(plan[i])])(dice());
      target.victim = std::make_unique<Process>(app, target.worker, one_slot(app));
      targets.push_back(std::move(target));
    }
    // All are there before the first job is, so that each takes one and none takes another's.
    app.until("the victims are ready", [&] {
      return app.scalar("select count(*) from tenon.leases where worker like 'victim-%' and expires_at > now()") ==
             std::to_string(targets.size());
    });
    for (Target& target : targets) target.job = app.start(ada, app.project(ada, {"black-canyon"}), "");
    hit += kill_all(app, targets, hits);
    wait_for_leases_to_end(app);
    app.drain();
    for (const Target& target : targets) {
      app.check_ready_once(target.job, 1, 3);
      attempts += app.fate(target.job).attempt;
    }
    CHECK(app.balance(ada) == 20 - static_cast<std::int64_t>(targets.size()));
    CHECK(app.books_are_right());
  }
  std::printf("killed_test: %zu workers killed, %d with a job under way (steps 0..3: %d %d %d %d), %lld attempts\n",
              plan.size(), hit, hits[0], hits[1], hits[2], hits[3], static_cast<long long>(attempts));
  CHECK(hit >= static_cast<int>(plan.size()) * 2 / 3);
  for (int step = 0; step < 4; ++step) CHECK(hits[step] >= kPoints);
  app.run(storage::sweep_all(app.storage(), std::chrono::seconds(0)));
  app.check_nothing_left(app.config.work_dir);
}

TEST_CASE("a worker killed -9 between the settling statement and its answer: the job is settled once, or taken over" *
          doctest::test_suite("slow")) {
  JobsApp app;
  int committed = 0;
  int open = 0;
  std::vector<core::JobId> jobs;
  std::vector<core::UserId> people;
  for (int i = 0; i < 2 * kPoints; ++i) {
    const bool after_commit = i % 2 == 0;
    // The one keeps the answer to the last commit back, the other already that to the statement before it.
    Proxy proxy(Proxy::Mode::hold, after_commit ? support::sent_as("commit") : "tenon.finish_job(",
                2);  // commits: the step's start, the end of all; the statement: described, executed
    Process::Variables variables = one_slot(app);
    variables["DATABASE_URL"] = proxy.url(world::env("TENON_TEST_URL").reveal());
    variables["DATABASE_DIRECT_URL"] = world::env("TENON_TEST_URL").reveal();
    variables["PG_PREPARED"] = "off";
    variables["TENON_LEASE_SECONDS"] = "600";  // no victim takes over from another
    people.push_back(app.person(20));
    jobs.push_back(app.start(people.back(), app.project(people.back(), {"black-canyon"}), "quick"));
    Process victim(app, "victim-" + std::to_string(i), variables);
    const core::JobId job = jobs.back();
    app.until("the worker has sent it", [&] { return proxy.seen() >= 2; });
    if (after_commit) app.until("the commit has arrived", [&] { return app.status(job) == "READY"; });
    // Somewhere after the commit: the moment is the subject.
    ::usleep(std::uniform_int_distribution<useconds_t>(0, 20000)(dice()));
    victim.end(SIGKILL);
    after_commit ? ++committed : ++open;
    CHECK(app.status(job) == (after_commit ? "READY" : "PROCESSING"));
  }
  app.owner.query("update tenon.leases set seconds = 1, expires_at = now() - interval '1 second'");
  app.drain();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    app.check_ready_once(jobs[i], 2, 1);
    CHECK(app.fate(jobs[i]).attempt == (i % 2 == 0 ? 1 : 2));
    CHECK(app.balance(people[i]) == 18);
  }
  CHECK(app.books_are_right());
  std::printf("killed_test: %d workers killed after the settling commit, %d before it\n", committed, open);
  app.run(storage::sweep_all(app.storage(), std::chrono::seconds(0)));
  app.check_nothing_left(app.config.work_dir);
}

TEST_CASE("a worker whose commits arrive and whose answers are lost finishes each job once" *
          doctest::test_suite("slow")) {
  JobsApp app;
  for (const int every : {2, 3}) {
    CAPTURE(every);
    Proxy proxy(Proxy::Mode::cut, support::sent_as("commit"), every);
    Process::Variables variables = one_slot(app);
    variables["DATABASE_URL"] = proxy.url(world::env("TENON_TEST_URL").reveal());
    variables["DATABASE_DIRECT_URL"] = world::env("TENON_TEST_URL").reveal();
    variables["PG_PREPARED"] = "off";
    const auto ada = app.person(20);
    const auto one = app.start(ada, app.project(ada, {"black-canyon"}), "three");
    const auto two = app.start(ada, app.project(ada, {"march-pastoral"}), "quick");
    Process worker(app, "unlucky-" + std::to_string(every), variables);
    app.until("both are finished", [&] { return app.finished(one) && app.finished(two); });
    CHECK(proxy.seen() > 4);
    CHECK(worker.end(SIGTERM) == 0);
    app.check_ready_once(one, 2, 1);
    app.check_ready_once(two, 2, 1);
    CHECK(app.fate(one).attempt == 1);
    CHECK(app.balance(ada) == 16);
    CHECK(app.books_are_right());
  }
  app.run(storage::sweep_all(app.storage(), std::chrono::seconds(0)));
  app.check_nothing_left(app.config.work_dir);
}
