#include "integration/jobs/support/house.h"
#include "jobs/queue.h"

using support::House;
using support::Process;

TEST_CASE("a stale fence writes nothing: no progress, no step, no end") {
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "three");
  const auto first = house.run(jobs::open_lease(house.db(), "first", "here", 1));
  const auto claimed = house.run(jobs::claim(house.db(), "pipeline", "first", first, 1));
  REQUIRE(claimed.size() == 1);
  house.owner.query("update tenon.leases set expires_at = now() - interval '1 second' where id = $1",
                    {std::to_string(first)});
  house.run(jobs::run_maintenance(house.db(), 3600));
  const auto second = house.run(jobs::open_lease(house.db(), "second", "here", 12));
  const auto again = house.run(jobs::claim(house.db(), "pipeline", "second", second, 1));
  REQUIRE(again.size() == 1);
  CHECK(again[0].fence > claimed[0].fence);

  const jobs::JobClaim stale{job, first, claimed[0].fence};
  const jobs::JobClaim half_stale{job, second, claimed[0].fence};
  for (const jobs::JobClaim& held : {stale, half_stale}) {
    CHECK(house.run(jobs::set_progress(house.db(), held, 77)) == jobs::ClaimStatus::lost);
    const auto attempt = [&held](pg::Tx& tx) -> core::Task<bool> {
      jobs::StepRow step{.n = 0, .name = "first", .state = "done"};
      const jobs::ClaimStatus kept = co_await jobs::checkpoint(tx, held, step);
      const bool done = co_await jobs::finish(tx, held, {.ok = true, .cost = 5});
      co_return kept != jobs::ClaimStatus::lost || done;
    };
    CHECK_FALSE(house.run(house.db().in(jobs::as_worker(), attempt)));
  }
  CHECK(house.status(job) == "PROCESSING");
  CHECK(house.scalar("select progress from public.jobs where id = $1", {job.str()}) != "77");
  CHECK(house.scalar("select count(*) from public.job_steps where job_id = $1", {job.str()}) == "0");
  CHECK(house.balance(ada) == 15);
}

TEST_CASE("a worker killed at any moment loses nothing: the job is taken over and finished, or failed by name" *
          doctest::test_suite("slow")) {
  House house;
  const auto ada = house.person(200);
  const auto keep_alive = std::make_unique<Process>(house, "survivor");
  int finished = 0;
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    auto victim = std::make_unique<Process>(house, "victim-" + std::to_string(round));
    const auto project = house.project(ada, {"black-canyon"});
    const auto other = house.project(ada, {"march-pastoral"});
    const auto job = house.start(ada, project, "three");
    const auto job2 = house.start(ada, other, "three");
    const auto started = std::chrono::steady_clock::now();
    const auto kill_after = std::chrono::milliseconds(150 + 250 * round);
    house.until("the moment has come", [&] { return std::chrono::steady_clock::now() - started > kill_after; });
    victim->end(SIGKILL);
    house.until("both are finished", [&] { return house.finished(job) && house.finished(job2); });
    for (const auto id : {job, job2}) {
      const support::Fate fate = house.fate(id);
      CHECK(fate.status == "READY");
      CHECK(fate.cost == 2);
      CHECK(house.mails(id) == "job_completed");
      CHECK(house.output_bytes(id, "result.txt").find("and third") != std::string::npos);
      finished += fate.status == "READY";
    }
    CHECK(house.books_are_right());
  }
  CHECK(finished == 12);
  CHECK(house.balance(ada) == 200 - 2 * 12);
  // Step processes die with their worker: none is left of the killed ones.
  CHECK(keep_alive->end(SIGTERM) == 0);
  CHECK(house.scalar("select count(*) from tenon.leases where worker = 'survivor'") == "0");
}

TEST_CASE("a job that takes its worker with it twice is failed by name and gives its credits back" *
          doctest::test_suite("slow")) {
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "hang");
  for (int death = 0; death < 2; ++death) {
    Process victim(house, "victim-" + std::to_string(death));
    house.until("it runs", [&] { return house.status(job) == "PROCESSING"; });
    victim.end(SIGKILL);
    house.owner.query("update tenon.leases set expires_at = now() - interval '1 second'");
    house.run(jobs::run_maintenance(house.db(), 3600));
  }
  CHECK(house.fate(job).status == "FAILED");
  CHECK(house.fate(job).code == "WORKER_CRASHED");
  CHECK(house.balance(ada) == 20);
  CHECK(house.mails(job) == "job_failed");
}
