#include "integration/jobs/support/jobs_app.h"
#include "jobs/queue.h"

using support::JobsApp;
using support::Process;

TEST_CASE("a stale fence writes nothing: no progress, no step, no end") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "three");
  const auto first = app.run(jobs::open_lease(app.db(), "first", "here", 1));
  const auto claimed = app.run(jobs::claim(app.db(), "pipeline", "first", first, 1));
  REQUIRE(claimed.size() == 1);
  app.owner.query("update tenon.leases set expires_at = now() - interval '1 second' where id = $1",
                  {std::to_string(first)});
  app.run(jobs::run_maintenance(app.db(), 3600));
  const auto second = app.run(jobs::open_lease(app.db(), "second", "here", 12));
  const auto again = app.run(jobs::claim(app.db(), "pipeline", "second", second, 1));
  REQUIRE(again.size() == 1);
  CHECK(again[0].fence > claimed[0].fence);

  const jobs::JobClaim stale{job, first, claimed[0].fence};
  const jobs::JobClaim half_stale{job, second, claimed[0].fence};
  for (const jobs::JobClaim& held : {stale, half_stale}) {
    CHECK(app.run(jobs::set_progress(app.db(), held, 77)) == jobs::ClaimStatus::lost);
    const auto attempt = [&held](pg::Tx& tx) -> core::Task<bool> {
      jobs::StepRow step{.n = 0, .name = "first", .state = "done"};
      const jobs::ClaimStatus kept = co_await jobs::checkpoint(tx, held, step);
      const bool done = co_await jobs::finish(tx, held, {.ok = true, .cost = 5});
      co_return kept != jobs::ClaimStatus::lost || done;
    };
    CHECK_FALSE(app.run(app.db().in(jobs::as_worker(), attempt)));
  }
  CHECK(app.status(job) == "PROCESSING");
  CHECK(app.scalar("select progress from public.jobs where id = $1", {job.str()}) != "77");
  CHECK(app.scalar("select count(*) from public.job_steps where job_id = $1", {job.str()}) == "0");
  CHECK(app.balance(ada) == 15);
}

TEST_CASE("a worker killed at any moment loses nothing: the job is taken over and finished, or failed by name" *
          doctest::test_suite("slow")) {
  JobsApp app;
  const auto ada = app.person(200);
  const auto keep_alive = std::make_unique<Process>(app, "survivor");
  int finished = 0;
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    auto victim = std::make_unique<Process>(app, "victim-" + std::to_string(round));
    const auto project = app.project(ada, {"black-canyon"});
    const auto other = app.project(ada, {"march-pastoral"});
    const auto job = app.start(ada, project, "three");
    const auto job2 = app.start(ada, other, "three");
    const auto started = std::chrono::steady_clock::now();
    const auto kill_after = std::chrono::milliseconds(150 + 250 * round);
    app.until("the moment has come", [&] { return std::chrono::steady_clock::now() - started > kill_after; });
    victim->end(SIGKILL);
    app.until("both are finished", [&] { return app.finished(job) && app.finished(job2); });
    for (const auto id : {job, job2}) {
      const support::Fate fate = app.fate(id);
      CHECK(fate.status == "READY");
      CHECK(fate.cost == 2);
      CHECK(app.mails(id) == "job_completed");
      CHECK(app.output_bytes(id, "result.txt").find("and third") != std::string::npos);
      finished += fate.status == "READY";
    }
    CHECK(app.books_are_right());
  }
  CHECK(finished == 12);
  CHECK(app.balance(ada) == 200 - 2 * 12);
  // Step processes die with their worker: none is left of the killed ones.
  CHECK(keep_alive->end(SIGTERM) == 0);
  CHECK(app.scalar("select count(*) from tenon.leases where worker = 'survivor'") == "0");
}

TEST_CASE("a job that takes its worker with it twice is failed by name and gives its credits back" *
          doctest::test_suite("slow")) {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "hang");
  for (int death = 0; death < 2; ++death) {
    Process victim(app, "victim-" + std::to_string(death));
    app.until("it runs", [&] { return app.status(job) == "PROCESSING"; });
    victim.end(SIGKILL);
    app.owner.query("update tenon.leases set expires_at = now() - interval '1 second'");
    app.run(jobs::run_maintenance(app.db(), 3600));
  }
  CHECK(app.fate(job).status == "FAILED");
  CHECK(app.fate(job).code == "WORKER_CRASHED");
  CHECK(app.balance(ada) == 20);
  CHECK(app.mails(job) == "job_failed");
}
